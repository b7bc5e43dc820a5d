"""Backups of a whole Deita while people work, brought back, tried, and damaged."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from bench.running import BIN, Deita, running, until
from tests.servers.object_store import BUCKET, ObjectStore

pytestmark = pytest.mark.timeout(600)
SALES = "day,amount\n" + "".join(f"2026-01-{day:02},{day}\n" for day in range(1, 31)) + "2026-01-31,x\n"
NAMED = "SELECT v.sha256 FROM files f JOIN file_versions v ON v.file_id = f.id WHERE f.deleted_at IS NULL"
SUM = "SELECT sum(amount) AS total FROM sales"


@dataclass
class Shop:
    """A Deita with one workspace that has a file, a table and a query, and a repository beside it."""

    deita: Deita
    repository: Path
    elsewhere: dict[str, str]
    """The settings of an empty place of the same kind."""
    store: ObjectStore | None = None

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """The command line, with patience for a machine that is busy."""
        return subprocess.run(
            [BIN / "deita", *words],
            env={**self.deita.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=170,
        )

    def asked(self, *words: str, **environment: str) -> dict[str, Any]:
        """What a verb that must work says as JSON."""
        ended = self.run(*words, "--json", **environment)
        assert ended.returncode == 0, ended.stderr
        said: dict[str, Any] = json.loads(ended.stdout)
        return said

    def keys(self, storage: str) -> list[str]:
        """Keys below a storage URL."""
        assert self.store is not None
        return self.store.keys(storage)


@pytest.fixture(scope="module")
def shop(request: pytest.FixtureRequest, backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("backups")
    repository = folder / "repository"
    settings = {"DEITA_SAMPLES": "0", "DEITA_BACKUP_REPOSITORY": str(repository)}
    elsewhere = {"DEITA_HOME": str(folder / "elsewhere")}
    store = None
    if backend == "production":
        store, postgres = request.getfixturevalue("object_store"), request.getfixturevalue("postgres")
        settings |= store.settings() | {"DEITA_DATABASE_URL_FILE": url_file(folder / "url", postgres.database())}
        other = url_file(folder / "other-url", postgres.database())
        elsewhere |= {"DEITA_STORAGE": store.prefix(), "DEITA_DATABASE_URL_FILE": other}
    with running(folder / "home", **settings) as deita:
        yield Shop(deita, repository, elsewhere, store)


@pytest.fixture
def repository(shop: Shop) -> Path:
    """The folder with backups; there is at least one."""
    if not (shop.repository / "config").exists():
        shop.asked("backup")
    return shop.repository


def url_file(file: Path, url: str) -> str:
    file.write_text(url)
    file.chmod(0o600)
    return str(file)


@pytest.fixture
def client(shop: Shop) -> Iterator[httpx.Client]:
    with shop.deita.client() as http:
        yield http


def put(client: httpx.Client, api: str, name: str, body: str, **request: object) -> None:
    assert client.put(f"{api}/files/{name}", content=body.encode()).status_code == 201
    answer = client.post(f"{api}/imports", json={"file": name, **request})
    accepted = answer.raise_for_status().json()
    state = client.get(f"{api}/imports/{accepted['id']}", params={"wait_ms": 60_000}).json()
    assert state["state"] == "done", state


def answer(client: httpx.Client, api: str, sql: str) -> dict[str, Any]:
    query: dict[str, Any] = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30_000}).json()
    assert query["state"] == "done", query
    return query


@pytest.mark.backends
def test_a_backup_brings_back_what_was_and_what_came_after_lies_aside(shop: Shop, client: httpx.Client) -> None:
    deita = shop.deita
    client.post(f"{deita.control}/workspaces", json={"name": "Shop", "slug": "shop"}).raise_for_status()
    api = deita.open(client, "shop")
    put(client, api, "sales.csv", SALES, recipe={"columns": {"amount": "BIGINT"}})
    put(client, api, "elsewhere.csv", "a\n1\n", table="größer [1]")  # a lake names the files of such a table in full
    asked = answer(client, api, SUM)
    contents = f"{api.removesuffix('/deita/api/v1')}/api/contents/mine.sqlite"
    note(client, contents, "a person's file, and no database")
    made = shop.asked("backup")
    assert (made["workspaces"], made["repository_is_new"], made["kept"]) == (1, True, 1)
    put(client, api, "later.csv", "day,amount\n2026-01-01,99\n", table="sales", mode="replace")
    note(client, contents, "written later")
    client.delete(f"{deita.control}/workspaces/shop").raise_for_status()
    assert "stop it" in shop.run("restore").stderr

    deita.stop()
    restored = shop.asked("restore")
    assert (restored["workspaces"], restored["files"], restored["missing"]) == (1, 2, [])
    aside = Path(restored["before"][0])
    assert list((aside / "storage" / ".trash").iterdir())
    check_aside(shop, restored["before"])
    deita.start()
    with deita.client() as again:  # tokens of then are as good as then: the hub's database is back, too
        api = deita.open(again, "shop")
        assert answer(again, api, SUM)["rows"] == asked["rows"]
        assert answer(again, api, 'SELECT count(*) FROM "größer [1]"')["rows"] == [[1]]
        receipt = again.get(f"{api}/queries/{asked['id']}/receipt").raise_for_status().json()
        (read,) = receipt["tables"]
        assert (read["name"], read["version"]) == ("sales", 1)
        done = again.get(f"{api}/imports").json()["items"][-1]
        rejects = again.get(f"{api}/imports/{done['id']}/rejects").raise_for_status().json()["items"]
        assert [each["raw"] for each in rejects] == ["2026-01-31,x"]
        assert again.get(contents).raise_for_status().json()["content"] == "a person's file, and no database"
        put(again, api, "fresh.csv", "a\n1\n")  # what came back can be written to


def note(client: httpx.Client, contents: str, text: str) -> None:
    client.put(contents, json={"type": "file", "format": "text", "content": text}).raise_for_status()


def check_aside(shop: Shop, before: list[str]) -> None:
    """What was there before the restore is there under other names."""
    if shop.store is None:
        assert (Path(before[0]) / "catalog.sqlite").exists()
        return
    schemas = [each.removeprefix("schema ") for each in before if each.startswith("schema ")]
    assert {name.split("_", 2)[2].split("_")[0] for name in schemas} == {"deita", "workspace", "lake"}
    with psycopg.connect(Path(shop.deita.environment["DEITA_DATABASE_URL_FILE"]).read_text()) as connection:
        lake = next(name for name in schemas if "_lake_" in name)
        newest = connection.execute(f'SELECT path FROM "{lake}".ducklake_data_file ORDER BY data_file_id DESC LIMIT 1')
        ((path,),) = newest.fetchall()
    keys = shop.keys(shop.deita.environment["DEITA_STORAGE"])
    kept = [key for key in keys if key.startswith("before-restore.")]
    assert [key for key in kept if key.endswith(path.rpartition("/")[2])], "a table of later still has its file"
    assert [key for key in kept if key.endswith("/notebooks/mine.sqlite")]


@pytest.mark.backends
def test_a_drill_starts_another_deita_from_the_backup_and_disturbs_nobody(shop: Shop, client: httpx.Client) -> None:
    api = shop.deita.open(client, "shop")
    before = answer(client, api, SUM)
    drilled = shop.asked("drill")
    assert (drilled["workspaces"], drilled["tables"], drilled["rows"], drilled["files"]) == (2, 2, 31, 2), (
        "as the first backup has them, with the workspace that everybody begins with"
    )
    assert drilled["rto_seconds"] > 0 and drilled["rpo_seconds"] > 0
    assert answer(client, api, SUM)["rows"] == before["rows"]
    assert not list((shop.deita.home / "run").glob("drill-*"))
    if shop.store is not None:
        assert not [key for key in shop.keys(shop.deita.environment["DEITA_STORAGE"]) if key.startswith("drill.")]
    found = {each["name"]: each for each in json.loads(shop.run("check", "--json").stdout)["items"]}
    assert found["backup"]["fine"] and "tried" in found["backup"]["text"]


@pytest.mark.backends
def test_a_backup_made_while_people_work_holds_every_file_that_it_names(shop: Shop, client: httpx.Client) -> None:
    api = shop.deita.open(client, "shop")
    began, stop = threading.Event(), threading.Event()

    def work() -> None:
        with shop.deita.client() as http:
            for number in itertools.count():
                name = f"busy{number}.csv"
                put(http, api, name, f"a\n{number}\n")
                if number % 2:
                    http.delete(f"{api}/files/{name}").raise_for_status()
                began.set()
                if stop.is_set():
                    return

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(work)
        try:
            assert began.wait(100)
            shop.asked("backup", DEITA_MOUNTS="none")  # nothing can be mounted: a bucket is mirrored
        finally:
            stop.set()
        worker.result()
    password = (shop.deita.home / "secrets" / "backup_password").read_text()
    assert "encrypted with" in shop.run("restore", **shop.elsewhere).stderr
    restored = shop.asked("restore", **shop.elsewhere, DEITA_BACKUP_PASSWORD=password)
    assert restored["missing"] == []
    check_named(shop)


def check_named(shop: Shop) -> None:
    """Every file that the restored databases name is there, and is what its name says."""
    other = Path(shop.elsewhere["DEITA_HOME"])
    (local,) = (path for path in other.glob("*/*/people") if not path.parent.name.startswith("."))
    workspace, id = local.parent, local.parent.name
    parquet = "SELECT path FROM ducklake_data_file WHERE end_snapshot IS NULL"
    if shop.store is None:
        named, lake = rows(workspace / "workspace.sqlite", NAMED), rows(workspace / "lake.sqlite", parquet)
        there = {str(path.relative_to(workspace)): path.read_bytes for path in workspace.rglob("*") if path.is_file()}
    else:
        with psycopg.connect(Path(shop.elsewhere["DEITA_DATABASE_URL_FILE"]).read_text()) as connection:
            connection.execute(f"SET search_path = workspace_{id}, lake_{id}")
            named, lake = connection.execute(NAMED).fetchall(), connection.execute(parquet).fetchall()
        storage, s3 = f"{shop.elsewhere['DEITA_STORAGE']}/{id}", shop.store.client()
        prefix = storage.removeprefix(f"s3://{BUCKET}/")
        there = {
            key: lambda key=key: s3.get_object(Bucket=BUCKET, Key=f"{prefix}/{key}")["Body"].read()  # type: ignore[misc]
            for key in shop.keys(storage)
        }
    assert named and lake
    for (sha256,) in named:
        assert hashlib.sha256(there[f"files/{sha256[:2]}/{sha256}"]()).hexdigest() == sha256
    assert {Path(path).name for (path,) in lake} <= {Path(name).name for name in there if name.startswith("lake/")}


def rows(database: Path, sql: str) -> list[tuple[str]]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def test_a_repository_that_was_damaged_is_found_and_named(shop: Shop, repository: Path) -> None:
    assert shop.asked("verify")["fine"] is True
    pack = max((repository / "data").glob("*/*"), key=lambda path: path.stat().st_size)
    whole = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    refused = shop.run("verify")
    assert refused.returncode == 1
    assert pack.name[:8] in refused.stderr
    pack.write_bytes(whole)
    assert shop.run("verify").returncode == 0


@pytest.mark.usefixtures("repository")
def test_a_new_password_opens_every_backup_and_the_old_one_none(shop: Shop) -> None:
    old = (shop.deita.home / "secrets" / "backup_password").read_text()
    count = len(shop.asked("backup", "--list")["items"])
    shop.asked("secrets", "rotate", "backup_password")
    assert len(shop.asked("backup", "--list")["items"]) == count
    refused = shop.run("backup", "--list", DEITA_BACKUP_PASSWORD=old)
    assert refused.returncode == 1 and "wrong password" in refused.stderr


@pytest.mark.usefixtures("repository")
def test_what_is_missing_is_named(shop: Shop) -> None:
    assert "DEITA_BACKUP_REPOSITORY" in shop.run("backup", DEITA_BACKUP_REPOSITORY="").stderr
    assert "install" in shop.run("backup", PATH="/nowhere").stderr
    wrong = shop.run("backup", "--list", DEITA_BACKUP_PASSWORD="0123456789abcdef" * 3)
    assert wrong.returncode == 1 and "wrong password" in wrong.stderr


@pytest.mark.usefixtures("repository")
def test_a_schedule_that_is_told_to_end_in_the_middle_of_a_backup_leaves_nothing_behind(shop: Shop) -> None:
    storage = shop.deita.home / "storage"
    (storage / "large").mkdir()
    (storage / "large" / "file").write_bytes(os.urandom(150_000_000))
    record = shop.deita.home / "backup.json"
    old = json.loads(record.read_text())
    record.write_text(json.dumps({**old, "backup": {**old["backup"], "time": "2026-01-01T00:00:00+00:00"}}))
    with subprocess.Popen([BIN / "deita", "backup", "--every", "1h"], env=shop.deita.environment) as process:
        until(
            lambda: (storage / ".backup").exists() and list((shop.repository / "locks").iterdir()),
            120,
            "restic at work",
        )
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 0
    assert not (storage / ".backup").exists()
    assert "failure" not in json.loads(record.read_text())
    assert shop.asked("backup")["files"] > 1, "nothing is in the way of the next one"
