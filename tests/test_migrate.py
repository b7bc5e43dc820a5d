"""A whole Deita moved to PostgreSQL and a bucket by `deita migrate`, started there, and asked the same questions."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from deita_hub.lifeline import FileLock

from bench.running import BIN, Deita, running
from tests.conftest import load
from tests.servers.object_store import ObjectStore
from tests.servers.postgres import PostgresServer

ODD = "größe 1%41#b"
LARGE = 18 * 2**20
"""Bytes: more than one part of an upload to a bucket."""
STAGES = ("copy rows of lake.sqlite", "copy files", "copy people and workspaces")


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """The folder of a stopped Deita with a bit of everything in it, and what it answered."""
    home = tmp_path_factory.mktemp("embedded") / "home"
    with running(home, DEITA_SAMPLES="0") as deita, deita.client() as client:
        for name in ("Shop", "Never opened"):
            client.post(f"{deita.control}/workspaces", json={"name": name}).raise_for_status()
        fill(client, deita.open(client, "shop"), home.parent)
        answers = asked(deita, client, "shop")
    return home, {**answers, "token": client.headers["Authorization"]}


def fill(client: httpx.Client, api: str, folder: Path) -> None:
    """Files, versions, rejects, notebooks, receipts, a saved query."""
    sizes = folder / "größe 1.csv"
    sizes.write_text("a,b\n" + "".join(f"{number},x{number}\n" for number in range(500)))
    load(client, api, sizes, table=ODD)
    wrong = folder / "wrong.csv"
    wrong.write_text("n,day\n" + "".join(f"{number},2026-01-0{number % 9 + 1}\n" for number in range(200)) + "x,y\n")
    load(client, api, wrong, table="wrong")
    client.put(f"{api}/files/größe 1.csv", params={"replace": 1}, content=b"a,b\n1,2\n").raise_for_status()
    client.put(f"{api}/files/large.bin", content=os.urandom(LARGE)).raise_for_status()
    tus = {"Tus-Resumable": "1.0.0"}
    begun = client.post(f"{api}/uploads", headers={**tus, "Upload-Length": "9", "Upload-Metadata": "filename YS50eHQ="})
    more = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    client.patch(httpx.URL(api).join(begun.headers["Location"]), content=b"12345", headers=more).raise_for_status()
    for sql in (
        f"update \"{ODD}\" set b = 'y' where a < 10",
        "create table numbers as select 1 as n, true as is_odd, [1, 2] as list",
        "insert into numbers values (2, false, [3]), (2, false, [3])",
        "delete from numbers where n = 1",
        "create view odd as select * from numbers where is_odd",
        "comment on table numbers is 'counted'",
    ):
        written = ask(client, api, sql, mode="write")
        assert written["state"] == "done", written
    restored = client.post(f"{api}/tables/numbers/restore", json={"version": 1})
    assert restored.status_code in (200, 201), restored.text
    ask(client, api, "select sum(n) from numbers where n = $n", params={"n": 1})
    body = {"name": "Sum", "sql": "select sum(n) as s from numbers"}
    client.post(f"{api}/saved-queries", json=body).raise_for_status()
    contents = f"{api.removesuffix('/deita/api/v1')}/api/contents"
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    client.put(f"{contents}/empty", json={"type": "directory"}).raise_for_status()
    client.put(f"{contents}/deep", json={"type": "directory"}).raise_for_status()
    for name in ("first.ipynb", "deep/größe 2.ipynb"):
        client.put(f"{contents}/{name}", json={"type": "notebook", "content": notebook}).raise_for_status()
    client.post(f"{contents}/first.ipynb/checkpoints").raise_for_status()


def ask(client: httpx.Client, api: str, sql: str, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30_000, **body}).json()
    return found


def asked(deita: Deita, client: httpx.Client, slug: str) -> dict[str, Any]:
    """Everything that a migration must not change, as the workspace's owner is told it."""
    api = deita.open(client, slug)

    def get(path: str) -> Any:
        return client.get(f"{api}/{path}").raise_for_status().json()

    tables = get("tables")["items"]
    imports = get("imports")["items"]
    contents = f"{api.removesuffix('/deita/api/v1')}/api/contents"
    listed = [client.get(f"{contents}/{path}").json()["content"] for path in ("", "deep", "empty")]
    old = ask(client, api, f'select count(*), sum(a), max(b) from "{ODD}"', as_of={ODD: 1})
    return {
        "workspaces": [each["slug"] for each in client.get(f"{deita.control}/workspaces").json()["items"]],
        "tables": tables,
        "versions": {each["name"]: get(f"tables/{quote(each['name'])}/versions") for each in tables},
        "rows": {each["name"]: sorted(map(str, ask(client, api, f'from "{each["name"]}"')["rows"])) for each in tables},
        "old": old["rows"],
        "files": get("files")["items"],
        "bytes": client.get(f"{api}/files/größe 1.csv", params={"version": 1}).content.decode(),
        "rejects": [get(f"imports/{each['id']}/rejects")["items"] for each in imports],
        "imports": imports,
        "uploads": get("uploads")["items"],
        "history": [each for each in get("queries")["items"] if "numbers where n" in each["sql"]],
        "saved": get("saved-queries")["items"],
        "notebooks": [sorted((each["path"], each["type"]) for each in folder) for folder in listed],
        "checkpoints": len(client.get(f"{contents}/first.ipynb/checkpoints").json()),
    }


class Moving:
    """A copy of the filled Deita, and the empty places that it is to go to."""

    def __init__(self, home: Path, postgres: PostgresServer, store: ObjectStore) -> None:
        self.home, self._store = home, store
        self.url = home.parent / "url"
        self.url.write_text(postgres.database())
        self.url.chmod(0o600)
        self.bucket = store.settings()
        self.storage = self.bucket.pop("DEITA_STORAGE")
        self.environment = {**os.environ, **self.bucket, "DEITA_HOME": str(home), "DEITA_SAMPLES": "0"}

    def run_with(self, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._command(*options), env=self.environment, capture_output=True, text=True, timeout=170, check=False
        )

    def run(self, *options: str) -> subprocess.CompletedProcess[str]:
        """To both places, unless it is said where to."""
        both = ("--to-database-file", str(self.url), "--to-storage", self.storage)
        return self.run_with(*(() if any(each.startswith("--to") for each in options) else both), *options)

    def done(self, *options: str) -> subprocess.CompletedProcess[str]:
        done = self.run(*options)
        assert done.returncode == 0, done.stderr
        return done

    def killed_at(self, stage: str) -> None:
        """Run it and kill it when it says that the stage begins."""
        command = self._command("--to-database-file", str(self.url), "--to-storage", self.storage)
        said: list[str] = []
        with subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            for line in process.stderr:
                said.append(line)
                if line.rstrip().endswith(f": {stage}"):
                    process.kill()
        assert process.returncode == -signal.SIGKILL, "".join(said)

    def asked(self, token: str, **settings: str) -> dict[str, Any]:
        """What a Deita with these settings answers to who had this token on the old place."""
        headers = {"Authorization": token}
        with (
            running(self.home, **self.bucket, **settings, DEITA_SAMPLES="0") as deita,
            httpx.Client(headers=headers, timeout=60, trust_env=False) as client,
        ):
            return {**asked(deita, client, "shop"), "token": token}

    def source(self) -> dict[str, bytes]:
        """Every byte of the old place but of what a start writes anew."""
        found = {path.relative_to(self.home): path for path in sorted(self.home.rglob("*")) if path.is_file()}
        ends, folders = ("-shm", "-wal", ".lock", "migration.json", "up.stderr"), {"local", "logs", "run"}
        return {
            str(name): path.read_bytes()
            for name, path in found.items()
            if name.parts[0] not in folders and not str(name).endswith(ends)
        }

    def in_bucket(self) -> set[str]:
        return set(self._store.keys(self.storage))

    def local(self) -> list[Path]:
        """What lies beside the bucket."""
        people = [path for path in self.home.glob("local/*/people/**/*") if path.is_file()]
        return [*people, *self.home.glob("local/*/incoming/*.upload")]

    def schemas(self) -> list[str]:
        return self._listed("SELECT nspname FROM pg_namespace WHERE nspname ~ '^(deita|workspace_|lake_)'")

    def logins(self) -> list[str]:
        ids = [path.name for path in self.home.glob("storage/*")]
        found = self._listed("SELECT rolname FROM pg_roles WHERE rolcanlogin")
        return [name for name in found if any(id in name for id in ids)]

    def counts(self, report: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
        """How many rows the tables of each schema should have."""
        id = next(self.home.glob("storage/*/lake.sqlite")).parent.name
        databases = report["workspaces"]["shop"]["databases"]
        own = [(f"{kind}_{id}", databases[kind]) for kind in ("workspace", "lake")]
        return [*own, ("deita_hub", report["databases"]["hub"]), ("deita", report["databases"]["catalog"])]

    def _listed(self, sql: str) -> list[str]:
        with psycopg.connect(self.url.read_text()) as connection:
            return [row[0] for row in connection.execute(sql).fetchall()]

    def _command(self, *options: str) -> list[str]:
        return [str(BIN / "deita"), "migrate", *options]


@pytest.fixture
def moving(
    filled: tuple[Path, dict[str, Any]], tmp_path: Path, postgres: PostgresServer, object_store: ObjectStore
) -> Moving:
    home = tmp_path / "home"
    shutil.copytree(filled[0], home, symlinks=True)
    with sqlite3.connect(next(home.glob("storage/*/lake.sqlite"))) as connection:  # some paths name the folder in full
        for table, column in (("data_file", "path"), ("delete_file", "path"), ("metadata", "value")):
            moved = f"update ducklake_{table} set {column} = replace({column}, ?, ?)"
            connection.execute(moved, [str(filled[0]), str(home)])
    connection.close()
    return Moving(home, postgres, object_store)


def test_everything_is_the_same_on_the_new_place(moving: Moving, filled: tuple[Path, dict[str, Any]]) -> None:
    before = moving.source()
    assert "This would be copied" in moving.done("--dry-run").stdout
    assert moving.schemas() == [] and moving.in_bucket() == set()
    report = json.loads(moving.done("--json").stdout)
    tables = report["workspaces"]["shop"]["tables"]
    assert [(table["name"], table["rows"]) for table in tables] == [
        (ODD, 500),
        ("numbers", 1),
        ("odd", None),
        ("wrong", 200),
    ]
    assert report["settings"]["DEITA_STORAGE"] == moving.storage
    assert report["workspaces"]["shop"]["left"] == []
    assert moving.source() == before
    assert moving.logins() == []
    again = moving.done("--json")
    assert (json.loads(again.stdout), "done already" in again.stderr) == (report, True)
    to = {"DEITA_STORAGE": moving.storage, "DEITA_DATABASE_URL_FILE": str(moving.url)}
    assert moving.asked(filled[1]["token"], **to) == filled[1]


def test_the_storage_first_and_the_database_later(moving: Moving, filled: tuple[Path, dict[str, Any]]) -> None:
    before = moving.source()
    moving.done("--to-storage", moving.storage)
    assert moving.source() == before
    to = {"DEITA_STORAGE": moving.storage}
    assert moving.asked(filled[1]["token"], **to) == filled[1]
    moving.environment |= to
    moving.done("--to-database-file", str(moving.url))
    assert moving.asked(filled[1]["token"], **to, DEITA_DATABASE_URL_FILE=str(moving.url)) == filled[1]


def test_killed_at_any_stage_it_goes_on_doubles_nothing_and_keeps_nothing_old(moving: Moving) -> None:
    for stage in STAGES:
        moving.killed_at(stage)
    notebook = next(moving.home.glob("storage/*/notebooks/first.ipynb"))
    notebook.rename(notebook.with_name("second.ipynb"))
    before = moving.source()
    report = json.loads(moving.done("--json").stdout)
    assert moving.source() == before
    with psycopg.connect(moving.url.read_text()) as connection:
        for schema, counts in moving.counts(report):
            for table, rows in counts.items():
                sql = f'SELECT count(*) FROM "{schema}"."{table}"'
                assert connection.execute(sql).fetchone() == (rows,), (schema, table)
    keys = moving.in_bucket()
    assert len(keys) + len(moving.local()) == report["workspaces"]["shop"]["files"]
    notebooks = {key.rpartition("/")[2] for key in keys if "/notebooks/" in key}
    assert notebooks == {"second.ipynb", "größe 2.ipynb", ".folder"}


def test_bytes_that_are_not_what_their_name_says_are_named_and_refused(moving: Moving) -> None:
    blob = next(path for path in moving.home.glob("storage/*/files/*/*") if path.stat().st_size > 100)
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    refused = moving.run()
    assert refused.returncode == 1
    assert f"files/{blob.name[:2]}/{blob.name}" in refused.stderr and "file_damaged" in refused.stderr
    assert moving.schemas() == [] and moving.in_bucket() == set()
    blob.unlink()
    refused = moving.run("--dry-run")
    assert (refused.returncode, blob.name in refused.stderr) == (1, True)


def test_a_place_that_is_not_empty_is_refused(moving: Moving) -> None:
    with psycopg.connect(moving.url.read_text()) as connection:
        connection.execute("CREATE SCHEMA deita")
    refused = moving.run()
    assert (refused.returncode, "holds deita already" in refused.stderr) == (1, True)
    assert moving.in_bucket() == set()


def test_what_cannot_be_moved_is_said(moving: Moving) -> None:
    for options, said in (
        ((), "Say where to"),
        (("--to-database", "mysql://host/x"), "postgresql://"),
        (("--to-storage", "file:///tmp"), "must be s3://"),
        (("--to-storage", moving.storage, "--workspace", "nowhere"), "no workspace nowhere"),
        (("--to-database", "postgresql://deita:wrong@127.0.0.1:1/x"), "cannot be reached"),
    ):
        refused = moving.run_with(*options)
        assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
    with FileLock(moving.home / "up.lock"):
        refused = moving.run()
    assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
