"""A whole Deita whose workspaces lie in a bucket, as a client meets it: first path, walls, and a store that fails."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from bench.running import Deita, until
from tests.conftest import load
from tests.servers.object_store import ObjectStore

WITHIN_S = 10.0
LARGE = 40 * 2**20


@pytest.fixture(scope="module")
def client(in_bucket: Deita) -> Iterator[httpx.Client]:
    with in_bucket.client() as http:
        yield http


@pytest.fixture(scope="module")
def api(in_bucket: Deita, client: httpx.Client) -> str:
    client.post(f"{in_bucket.control}/workspaces", json={"name": "Shop", "slug": "shop"}).raise_for_status()
    return in_bucket.open(client, "shop")


@pytest.fixture
def storage(in_bucket: Deita) -> str:
    return in_bucket.environment["DEITA_STORAGE"]


def workspace_id(in_bucket: Deita, client: httpx.Client) -> str:
    return str(client.get(f"{in_bucket.control}/workspaces/shop").json()["id"])


def asked(client: httpx.Client, api: str, sql: str, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30_000, **body}).json()
    return found


def csv_of(folder: Path, name: str, rows: int) -> Path:
    file = folder / name
    file.write_text("a,b\n" + "".join(f"{number},x{number}\n" for number in range(rows)))
    return file


def test_files_and_tables_lie_in_the_bucket(
    in_bucket: Deita, client: httpx.Client, api: str, failing_store: ObjectStore, storage: str, tmp_path: Path
) -> None:
    done = load(client, api, csv_of(tmp_path, "größe 1.csv", 1000), table="sizes")
    assert done["rows"] == 1000
    assert asked(client, api, "select count(*), sum(a) from sizes")["rows"] == [[1000, 499500]]
    folders = {key.split("/")[0] for key in failing_store.keys(f"{storage}/{workspace_id(in_bucket, client)}")}
    assert folders == {"files", "lake"}
    local = in_bucket.home / "local" / workspace_id(in_bucket, client)
    assert not list((local / "files").rglob("*.*"))
    assert not list((local / "lake").rglob("*.parquet"))
    assert client.get(f"{api}/workspace").json()["storage"] == {"kind": "bucket"}
    shop = f"{in_bucket.control}/workspaces/shop"
    until(lambda: client.get(shop).json()["usage"]["bytes"] > 1000, 60, "the new size")


def test_a_large_file_goes_up_in_parts_and_comes_back_in_ranges(client: httpx.Client, api: str) -> None:
    content = os.urandom(LARGE)
    put = client.put(f"{api}/files/large.bin", content=content)
    assert put.status_code == 201, put.text
    assert put.json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert client.get(f"{api}/files/large.bin").content == content
    part = client.get(f"{api}/files/large.bin", headers={"Range": "bytes=20000000-20000009"})
    assert (part.status_code, part.content) == (206, content[20_000_000:20_000_010])
    again = client.put(f"{api}/files/copy.bin", content=content)
    assert again.status_code == 201
    assert client.delete(f"{api}/files/large.bin").status_code == 204
    assert client.get(f"{api}/files/copy.bin").content == content
    assert client.delete(f"{api}/files/copy.bin").status_code == 204


def test_check_says_where_workspaces_lie(in_bucket: Deita, failing_store: ObjectStore) -> None:
    said = in_bucket.cli("check", check=False).stdout
    assert f"{in_bucket.environment['DEITA_STORAGE']}, with a session for each workspace" in said
    wrong = Deita(in_bucket.home, in_bucket.port, **{**in_bucket.environment, "AWS_SECRET_ACCESS_KEY": "wrong"})
    refused = wrong.cli("check", check=False)
    assert refused.returncode == 1
    assert "The bucket of DEITA_STORAGE cannot be used" in refused.stdout
    assert failing_store.secret_key not in said


def test_no_key_is_in_an_environment(in_bucket: Deita, api: str, failing_store: ObjectStore) -> None:
    found = [process.environ() for process in psutil.process_iter() if _is_of(process, in_bucket)]
    assert found
    for environment in found:
        assert not {name for name in environment if name.startswith(("AWS_", "DEITA_S3"))}
        assert failing_store.secret_key not in environment.values()


def _is_of(process: psutil.Process, in_bucket: Deita) -> bool:
    try:
        command = process.cmdline()
        mine = str(in_bucket.home) in "".join(process.environ().values()) or str(in_bucket.home) in "".join(command)
        return mine and any(part in ("deita_server", "deita_engine") for part in command)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def test_on_a_machine_that_has_nothing_the_workspace_goes_on(
    in_bucket: Deita, client: httpx.Client, api: str, tmp_path: Path
) -> None:
    load(client, api, csv_of(tmp_path, "kept.csv", 10), table="kept")
    client.post(f"{in_bucket.control}/workspaces/shop/stop").raise_for_status()
    local = in_bucket.home / "local" / workspace_id(in_bucket, client)
    for name in ("cache", "files", "lake", "rejects"):
        shutil.rmtree(local / name, ignore_errors=True)
    api = in_bucket.open(client, "shop")
    assert asked(client, api, "select count(*) from kept")["rows"] == [[10]]
    again = client.post(f"{api}/imports", json={"file": "kept.csv", "table": "kept", "mode": "replace"}).json()
    done = client.get(f"{api}/imports/{again['id']}", params={"wait_ms": 30_000}).json()
    assert (done["state"], done["version"]) == ("done", 2)


def test_a_store_that_hangs_or_is_gone_is_a_503_and_heals(
    in_bucket: Deita, client: httpx.Client, api: str, failing_store: ObjectStore, tmp_path: Path
) -> None:
    load(client, api, csv_of(tmp_path, "cold.csv", 10), table="cold")
    load(client, api, csv_of(tmp_path, "colder.csv", 200_000), table="colder")
    for written in in_bucket.home.glob("local/*/cache/tables/*"):
        written.unlink()  # as if it had been written on another machine
    client.post(f"{in_bucket.control}/workspaces/shop/stop").raise_for_status()
    api = in_bucket.open(client, "shop")
    for warm in ("tables", "files"):  # the start of a server is not the store's time
        client.get(f"{api}/{warm}").raise_for_status()
    with failing_store.frozen():
        _is_unavailable(client, api, "from cold")
        assert client.get(f"{in_bucket.control}/workspaces").status_code == 200
        assert client.get(f"{api}/files").status_code == 200
    assert _healed(client, api, "select count(*) from cold") == [[10]]
    failing_store.stop()
    _is_unavailable(client, api, "select sum(a), max(b) from colder")
    assert client.get(f"{api}/files").status_code == 200
    assert client.get(f"{api}/tables").status_code == 200
    failing_store.start()
    assert _healed(client, api, "select sum(a), max(b) from colder") == [[19_999_900_000, "x99999"]]
    after = f"{api}/files/after.bin"
    until(lambda: client.put(after, content=b"1").status_code in (200, 201), 30, "an upload after the store was away")


def _is_unavailable(client: httpx.Client, api: str, sql: str) -> None:
    began = time.monotonic()
    upload = client.put(f"{api}/files/during.bin", content=b"never kept")
    assert (upload.status_code, upload.json()["code"]) == (503, "storage_unavailable"), upload.text
    assert upload.headers["Retry-After"]
    assert time.monotonic() - began < WITHIN_S
    began = time.monotonic()
    answer = asked(client, api, sql)
    error = answer.get("error") or answer
    assert error["code"] == "storage_unavailable", answer
    assert time.monotonic() - began < WITHIN_S


def _healed(client: httpx.Client, api: str, sql: str) -> list[list[Any]]:
    until = time.monotonic() + 30
    while True:
        answer = asked(client, api, sql)
        if answer.get("state") == "done":
            return list(answer["rows"])
        assert time.monotonic() < until, answer
