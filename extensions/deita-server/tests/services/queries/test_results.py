from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, cast

import httpx
import pyarrow as pa
import pytest
from deita_engine.client import Engine, EngineConfig
from deita_server.errors import DeitaError, status_of
from deita_server.services.queries.manager import QueriesManager
from deita_server.services.queries.results import MAX_UNDER_WAY, ResultsManager

from ...workspace_server import RunningServer

SALES = """SELECT range AS n, range % 100 AS k, 'r' || range % 3 AS region,
           DATE '2024-01-01' + (range % 366)::INT AS day FROM range(1000000)"""


@pytest.fixture(scope="module")
def sales(workspace: RunningServer) -> str:
    """The path of a finished query with a million rows."""
    return f"/queries/{workspace.query(SALES).json()['id']}"


def page(workspace: RunningServer, path: str, **params: Any) -> dict[str, Any]:
    answer = workspace.api.get(f"{path}/results", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_result_is_sorted_and_filtered_with_an_exact_count(workspace: RunningServer, sales: str):
    ran = workspace.api.get("/queries", params={"limit": 1}).json()["items"][0]["id"]
    found = page(workspace, sales, order="-k,n", filter=["region:eq:r1", "n:lt:1000"], limit=2)
    assert (found["row_count"], [row[0] for row in found["rows"]]) == (333, [199, 499])
    assert found["columns"][3] == {"name": "day", "type": "DATE"}
    seen, cursor = [], None
    while True:
        turned = page(workspace, sales, order="-k,n", filter=["region:eq:r1", "n:lt:1000"], limit=100, **cursor or {})
        seen += [(-row[1], row[0]) for row in turned["rows"]]
        if not turned["next"]:
            break
        cursor = {"cursor": turned["next"]}
    assert len(seen) == 333 and seen == sorted(seen)
    assert workspace.api.get("/queries", params={"limit": 1}).json()["items"][0]["id"] == ran


def test_a_cursor_of_another_order_is_refused(workspace: RunningServer, sales: str):
    cursor = page(workspace, sales, order="-n", limit=10)["next"]
    assert page(workspace, sales, order="-n", limit=2, cursor=cursor)["rows"][0][0] == 999_989
    for order in ("n", ""):
        answer = workspace.api.get(f"{sales}/results", params={"order": order, "cursor": cursor})
        assert refused(answer) == (400, "bad_cursor")


def test_what_cannot_be_selected_is_a_400(workspace: RunningServer, sales: str):
    for params, code in (
        ({"order": "nope"}, "query_binding"),
        ({"filter": "n:eq:x"}, "query_failed"),
        ({"filter": "n"}, "bad_request"),
        ({"order": "nope", "format": "csv"}, "query_binding"),
    ):
        assert refused(workspace.api.get(f"{sales}/results", params=params)) == (400, code)


def test_a_selection_is_exported_in_every_format(workspace: RunningServer, sales: str):
    asked = {"order": "-n", "filter": "n:lt:3"}
    answer = workspace.api.get(f"{sales}/results", params={**asked, "format": "csv"})
    assert [line.split(",")[0] for line in answer.text.splitlines()] == ["n", "2", "1", "0"]
    arrow = workspace.api.get(
        f"{sales}/results", params=asked, headers={"Accept": "application/vnd.apache.arrow.stream"}
    )
    assert pa.ipc.open_stream(arrow.content).read_all()["n"].to_pylist() == [2, 1, 0]
    assert [row["n"] for row in workspace.api.get(f"{sales}/results", params={**asked, "format": "json"}).json()] == [
        2,
        1,
        0,
    ]


@pytest.mark.parametrize("format", ["arrow", "parquet", "csv", "ndjson", "json", "xlsx"])
def test_a_complete_file_is_sent_in_parts(workspace: RunningServer, format: str):
    path = f"/queries/{workspace.query('SELECT range AS n FROM range(50000)').json()['id']}/results?format={format}"
    whole = workspace.api.get(path)
    head = workspace.api.head(path)
    assert (head.status_code, head.content) == (200, b"")
    whole = workspace.api.get(path)
    assert int(head.headers["Content-Length"]) == len(whole.content)
    assert head.headers["Accept-Ranges"] == "bytes"
    etag = whole.headers["ETag"]
    assert head.headers["ETag"] == etag
    part = workspace.api.get(path, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, whole.content[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole.content)}"
    last = workspace.api.get(path, headers={"Range": "bytes=-10", "If-Range": etag})
    assert (last.status_code, last.content) == (206, whole.content[-10:])
    other = workspace.api.get(path, headers={"Range": "bytes=-10", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, whole.content)
    beyond = workspace.api.get(path, headers={"Range": f"bytes={len(whole.content)}-"})
    assert refused(beyond) == (416, "bad_range")
    assert workspace.api.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_what_excel_cannot_hold_is_a_413(workspace: RunningServer):
    query_id = workspace.query("SELECT range AS n FROM range(1048576)").json()["id"]
    answer = workspace.api.get(f"/queries/{query_id}/results", params={"format": "xlsx"})
    assert refused(answer) == (413, "too_large")
    assert "Parquet" in answer.json()["hint"]


def test_the_head_of_a_page_and_of_what_still_runs(workspace: RunningServer):
    query_id = workspace.query("SELECT range AS n, hash(range) AS h FROM range(3000000)", wait_ms=0).json()["id"]
    head = workspace.api.head(f"/queries/{query_id}/results?format=arrow")
    assert int(head.headers["Content-Length"]) > 48_000_000
    assert workspace.api.head(f"/queries/{query_id}/results").headers["Content-Type"].startswith("application/json")


def test_a_result_is_profiled(workspace: RunningServer, sales: str):
    found = workspace.api.get(f"{sales}/profile").json()
    assert (found["query"], found["rows"]) == (sales.rpartition("/")[2], 1_000_000)
    region = found["columns"][2]
    assert (region["name"], region["distinct"], region["top"][0]) == ("region", 3, {"value": "r0", "count": 333_334})
    assert len(found["columns"][0]["histogram"]) == 20
    some = workspace.api.get(f"{sales}/profile", params={"filter": "n:lt:30"}).json()
    assert (some["rows"], some["columns"][2]["top"][0]["count"]) == (30, 10)


def test_a_result_is_drawn(workspace: RunningServer, sales: str):
    asked = {"x": "day", "y": "n", "aggregate": "avg", "color": "region", "bins": 20, "filter": "n:lt:366"}
    chart = workspace.api.get(f"{sales}/chart", params=asked).json()
    assert chart["x"] == {"name": "day", "type": "DATE", "kind": "time", "bin": {"unit": "month", "count": 1}}
    assert chart["y"] == {"name": "n", "aggregate": "avg", "type": "DOUBLE"}
    assert (chart["color"]["name"], chart["row_count"]) == ("region", 366)
    assert chart["points"][0] == {"x": "2024-01-01", "color": "r0", "y": 15.0}
    assert len(chart["points"]) == 36
    assert refused(workspace.api.get(f"{sales}/chart", params={"x": "nope"})) == (400, "query_binding")
    assert refused(workspace.api.get(f"{sales}/chart", params={"x": "n", "bins": 1000})) == (400, "bad_request")


def test_only_so_much_work_on_results_is_under_way(tmp_path: Path):
    engine = Engine(EngineConfig(tmp_path / "storage", tmp_path / "spool"))
    manager = ResultsManager(engine, cast(QueriesManager, None), tmp_path / "spool")
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_UNDER_WAY):
            stack.enter_context(manager._taken())
        with pytest.raises(DeitaError) as caught, manager._taken():
            pass
        assert (caught.value.code, status_of(caught.value.code)) == ("too_many_queries", 429)
    with manager._taken():  # those who are done or have left make room
        pass


def test_an_expired_result_is_a_410_in_every_form(start_server: Any):
    server = start_server()
    query_id = server.query("SELECT 1 AS a").json()["id"]
    spool = server.storage / "people" / "me" / "spool"
    assert server.api.get(f"/queries/{query_id}/results?format=csv").status_code == 200
    for file in spool.glob(f"{query_id}*"):
        if not file.name.endswith(".query.json"):
            file.unlink()
    results = f"/queries/{query_id}/results"
    for format in ("arrow", "parquet", "csv", "ndjson", "json", "xlsx"):
        assert refused(server.api.get(f"{results}?format={format}")) == (410, "result_expired")
        assert refused(server.api.get(f"{results}?format={format}&order=a")) == (410, "result_expired")
    for path in (results, f"{results}?order=a", f"/queries/{query_id}/profile", f"/queries/{query_id}/chart?x=a"):
        assert refused(server.api.get(path)) == (410, "result_expired")


def test_a_statement_asked_again_is_answered_from_its_kept_result(workspace: RunningServer):
    workspace.put("asked.csv", b"v\n1\n")
    workspace.import_file("asked.csv")
    sql = "SELECT sum(hash(a.range, b.range)::DOUBLE) AS s, max(v) FROM range(5000) a, range(4000) b, asked"
    first, again = workspace.query(sql).json(), workspace.query(sql).json()
    assert (first["receipt"]["from_cache"], again["receipt"]["from_cache"]) == (None, first["id"])
    assert again["rows"] == first["rows"] and again["receipt"]["tables"] == {"asked": 1}
    assert workspace.query(sql, cache=False).json()["receipt"]["from_cache"] is None
    workspace.put("asked.csv", b"v\n2\n", replace=1)
    workspace.import_file("asked.csv", mode="replace")
    changed = workspace.query(sql).json()
    assert (changed["rows"][0][1], changed["receipt"]["from_cache"]) == (2, None)
    exported = workspace.api.get(f"/queries/{again['id']}/results", params={"format": "ndjson"})
    assert json.loads(exported.content)["s"] == first["rows"][0][0]
