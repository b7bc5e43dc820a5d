"""Backups of a whole Deita while people work, brought back, tried, and damaged."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bench.running import BIN, Deita, running

SALES = "day,amount\n" + "".join(f"2026-01-{day:02},{day}\n" for day in range(1, 31)) + "2026-01-31,x\n"
NAMED = "SELECT v.sha256 FROM files f JOIN file_versions v ON v.file_id = f.id WHERE f.deleted_at IS NULL"
SUM = "SELECT sum(amount) AS total FROM sales"


@dataclass
class Shop:
    """A Deita with one workspace that has a file, a table and a query, and a repository beside it."""

    deita: Deita
    repository: Path

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

    def asked(self, *words: str) -> dict[str, object]:
        """What a verb that must work says as JSON."""
        ended = self.run(*words, "--json")
        assert ended.returncode == 0, ended.stderr
        said: dict[str, object] = json.loads(ended.stdout)
        return said


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("backups")
    repository = folder / "repository"
    settings = {"DEITA_SAMPLES": "0", "DEITA_BACKUP_REPOSITORY": str(repository)}
    with running(folder / "home", **settings) as deita:
        yield Shop(deita, repository)


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


def answer(client: httpx.Client, api: str, sql: str) -> dict[str, object]:
    query: dict[str, object] = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30_000}).json()
    assert query["state"] == "done", query
    return query


def test_a_backup_brings_back_what_was_and_what_came_after_lies_aside(shop: Shop, client: httpx.Client) -> None:
    deita = shop.deita
    client.post(f"{deita.control}/workspaces", json={"name": "Shop", "slug": "shop"}).raise_for_status()
    api = deita.open(client, "shop")
    put(client, api, "sales.csv", SALES, recipe={"columns": {"amount": "BIGINT"}})
    put(client, api, "elsewhere.csv", "a\n1\n", table="größer [1]")  # a lake names the files of such a table in full
    asked = answer(client, api, SUM)
    (workspace,) = (path for path in (deita.home / "storage").iterdir() if not path.name.startswith("."))
    (workspace / "notebooks" / "mine.sqlite").write_text("a person's file, and no database")
    made = shop.asked("backup")
    assert (made["workspaces"], made["repository_is_new"], made["kept"]) == (1, True, 1)
    put(client, api, "later.csv", "day,amount\n2026-01-01,99\n", table="sales", mode="replace")
    client.delete(f"{deita.control}/workspaces/shop").raise_for_status()
    assert "stop it" in shop.run("restore").stderr

    deita.stop()
    restored = shop.asked("restore")
    assert restored["workspaces"] == 1
    aside = Path(str(restored["before"]))
    assert (aside / "catalog.sqlite").exists() and list((aside / "storage" / ".trash").iterdir())
    assert (workspace / "notebooks" / "mine.sqlite").read_text() == "a person's file, and no database"
    deita.start()
    with deita.client() as again:  # tokens of then are as good as then: the hub's database is back, too
        api = deita.open(again, "shop")
        assert answer(again, api, SUM)["rows"] == asked["rows"]
        receipt = again.get(f"{api}/queries/{asked['id']}/receipt").raise_for_status().json()
        (read,) = receipt["tables"]
        assert (read["name"], read["version"]) == ("sales", 1)
        done = again.get(f"{api}/imports").json()["items"][-1]
        rejects = again.get(f"{api}/imports/{done['id']}/rejects").raise_for_status().json()["items"]
        assert [each["raw"] for each in rejects] == ["2026-01-31,x"]


def test_a_drill_starts_another_deita_from_the_backup_and_disturbs_nobody(shop: Shop, client: httpx.Client) -> None:
    api = shop.deita.open(client, "shop")
    before = answer(client, api, SUM)
    shop.asked("backup")
    drilled = shop.asked("drill")
    assert (drilled["workspaces"], drilled["tables"], drilled["rows"], drilled["files"]) == (2, 2, 31, 2), (
        "with the one that everybody begins with"
    )
    assert float(str(drilled["rto_seconds"])) > 0 and float(str(drilled["rpo_seconds"])) > 0
    assert answer(client, api, SUM)["rows"] == before["rows"]
    assert not list((shop.deita.home / "run").glob("drill-*"))
    found = {each["name"]: each for each in json.loads(shop.run("check", "--json").stdout)["items"]}
    assert found["backup"]["fine"] and "tried" in found["backup"]["text"]


def test_a_backup_made_while_people_work_holds_every_file_that_it_names(
    shop: Shop, client: httpx.Client, tmp_path: Path
) -> None:
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
            shop.asked("backup")
        finally:
            stop.set()
        worker.result()
    password = (shop.deita.home / "secrets" / "backup_password").read_text()
    other = {"DEITA_HOME": str(tmp_path / "other"), "DEITA_BACKUP_PASSWORD": password}
    assert "encrypted with" in shop.run("restore", DEITA_HOME=str(tmp_path / "third")).stderr
    assert shop.run("restore", **other).returncode == 0
    (workspace,) = (path for path in (tmp_path / "other" / "storage").iterdir() if not path.name.startswith("."))
    named = rows(workspace / "workspace.sqlite", NAMED)
    assert named
    for (sha256,) in named:
        content = (workspace / "files" / sha256[:2] / sha256).read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256
    parquet = rows(workspace / "lake.sqlite", "SELECT path FROM ducklake_data_file WHERE end_snapshot IS NULL")
    there = {path.name for path in (workspace / "lake").rglob("*.parquet")}
    assert {Path(path).name for (path,) in parquet} <= there


def rows(database: Path, sql: str) -> list[tuple[str]]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return connection.execute(sql).fetchall()


def test_a_repository_that_was_damaged_is_found_and_named(shop: Shop) -> None:
    assert shop.asked("verify")["fine"] is True
    pack = max((shop.repository / "data").glob("*/*"), key=lambda path: path.stat().st_size)
    whole = pack.read_bytes()
    pack.chmod(0o600)
    pack.write_bytes(whole[:100] + bytes([whole[100] ^ 1]) + whole[101:])
    refused = shop.run("verify")
    assert refused.returncode == 1
    assert pack.name[:8] in refused.stderr
    pack.write_bytes(whole)
    assert shop.run("verify").returncode == 0


def test_a_new_password_opens_every_backup_and_the_old_one_none(shop: Shop) -> None:
    old = (shop.deita.home / "secrets" / "backup_password").read_text()
    count = len(shop.asked("backup", "--list")["items"])  # type: ignore[arg-type]
    shop.asked("secrets", "rotate", "backup_password")
    assert len(shop.asked("backup", "--list")["items"]) == count  # type: ignore[arg-type]
    refused = shop.run("backup", "--list", DEITA_BACKUP_PASSWORD=old)
    assert refused.returncode == 1 and "wrong password" in refused.stderr


def test_what_is_missing_is_named(shop: Shop) -> None:
    assert "DEITA_BACKUP_REPOSITORY" in shop.run("backup", DEITA_BACKUP_REPOSITORY="").stderr
    assert "install" in shop.run("backup", PATH="/nowhere").stderr
    wrong = shop.run("backup", "--list", DEITA_BACKUP_PASSWORD="0123456789abcdef" * 3)
    assert wrong.returncode == 1 and "wrong password" in wrong.stderr
