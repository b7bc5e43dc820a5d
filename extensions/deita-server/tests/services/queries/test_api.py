from __future__ import annotations

import io
import json
import os
import signal
import threading
import time
import uuid

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ...workspace_server import TOKEN, RunningServer

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE (a.range * b.range) % 7 = 3"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_short_query_is_answered_at_once_with_its_receipt(workspace: RunningServer):
    answer = workspace.query("SELECT 1 AS one, 'a' AS letter")
    assert answer.status_code == 200
    body = answer.json()
    assert body["state"] == "done"
    assert body["columns"] == [{"name": "one", "type": "INTEGER"}, {"name": "letter", "type": "VARCHAR"}]
    assert (body["rows"], body["row_count"], body["next"], body["truncated"]) == ([[1, "a"]], 1, None, False)
    assert body["statement_type"] == "SELECT"
    assert body["error"] is None
    receipt = body["receipt"]
    assert (receipt["sql"], receipt["person"], receipt["rows"]) == ("SELECT 1 AS one, 'a' AS letter", "me", 1)
    assert receipt["started_at"] <= receipt["finished_at"]


def test_a_receipt_names_the_versions_that_were_read(workspace: RunningServer):
    for content in (b"n\n1\n", b"n\n1\n2\n"):
        workspace.put("numbered.csv", content, replace=1)
        assert workspace.import_file("numbered.csv", mode="replace")["state"] == "done"
    body = workspace.query("SELECT count(*) FROM numbered").json()
    assert body["rows"] == [[2]]
    assert body["receipt"]["tables"] == {"numbered": 2}


def test_parameters_are_bound_by_name(workspace: RunningServer):
    assert workspace.rows("SELECT $a + $b, $text", params={"a": 1, "b": 2, "text": "x' OR 1"}) == [[3, "x' OR 1"]]


def test_a_limit_cuts_and_says_so(workspace: RunningServer):
    body = workspace.query("SELECT * FROM range(10)", limit=3).json()
    assert (body["row_count"], body["truncated"]) == (3, True)


@pytest.mark.parametrize("end", ["", ";", " -- all of it"])
@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("DESCRIBE shown", ["a", "b"]),
        ("DESC SELECT a FROM shown", ["a"]),
        ("SUMMARIZE shown", ["a", "b"]),
        ("SHOW shown", ["a", "b"]),
    ],
)
def test_statements_that_show_a_table_run(workspace: RunningServer, sql: str, names: list[str], end: str):
    workspace.query("CREATE OR REPLACE TABLE shown AS SELECT 1 AS a, 'x' AS b", mode="write")
    body = workspace.query(sql + end).json()
    assert (body["state"], [row[0] for row in body["rows"]]) == ("done", names)


def test_show_tables_lists_the_tables(workspace: RunningServer):
    workspace.query("CREATE OR REPLACE TABLE shown AS SELECT 1 AS a", mode="write")
    assert ["shown"] in workspace.rows("SHOW TABLES")


def test_describing_a_table_that_is_not_there_says_where(workspace: RunningServer):
    error = workspace.query("DESCRIBE\n  shwon").json()
    assert (error["code"], error["details"]["line"], error["details"]["column"]) == ("table_not_found", 2, 3)


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELEC 1", 400, "query_syntax"),
        ("SELECT nothing FROM range(3)", 400, "query_binding"),
        ("SELECT * FROM no_such_table", 400, "table_not_found"),
        ("SELECT 1; SELECT 2", 400, "multiple_statements"),
        ("CREATE TABLE t AS SELECT 1", 403, "write_mode_required"),
        ("SELECT * FROM read_csv('/etc/passwd')", 403, "not_allowed"),
    ],
)
def test_what_is_refused_makes_no_query(workspace: RunningServer, sql: str, status: int, code: str):
    query_id = str(uuid.uuid4())
    answer = workspace.query(sql, id=query_id)
    assert refused(answer) == (status, code)
    assert "/etc" not in answer.json()["message"]
    assert refused(workspace.api.get(f"/queries/{query_id}")) == (404, "query_not_found")


def test_a_syntax_error_has_line_and_column(workspace: RunningServer):
    details = workspace.query("SELECT 1\nFROM FROM x").json()["details"]
    assert (details["line"], details["column"]) == (2, 6)


def test_an_unknown_table_has_line_and_column(workspace: RunningServer):
    details = workspace.query("SELECT *\nFROM   nowhere").json()["details"]
    assert (details["line"], details["column"]) == (2, 8)


def test_what_fails_later_is_a_200_with_the_error_inside(workspace: RunningServer):
    answer = workspace.query("SELECT CAST(range || 'x' AS INTEGER) FROM range(3)")
    assert answer.status_code == 200
    body = answer.json()
    assert body["state"] == "failed"
    assert (body["rows"], body["receipt"]) == ([], None)
    assert set(body["error"]) == {"code", "message", "hint", "details", "request_id", "status"}
    assert (body["error"]["code"], body["error"]["status"]) == ("query_failed", 400)
    assert refused(workspace.api.get(f"/queries/{body['id']}/results")) == (409, "no_result")
    assert refused(workspace.api.get(f"/queries/{body['id']}/results?format=csv")) == (409, "no_result")


def test_an_endless_query_times_out(workspace: RunningServer):
    body = workspace.query(ENDLESS, timeout_ms=200).json()
    assert body["state"] == "failed"
    assert (body["error"]["code"], body["error"]["status"]) == ("query_timeout", 408)


def test_a_long_query_is_a_202_and_can_be_cancelled(workspace: RunningServer):
    answer = workspace.query(ENDLESS, wait_ms=50)
    assert answer.status_code == 202
    body = answer.json()
    assert body["state"] in ("queued", "running")
    assert answer.headers["Location"].endswith(f"/deita/api/v1/queries/{body['id']}")
    cancelled = workspace.api.delete(f"/queries/{body['id']}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert workspace.api.get(f"/queries/{body['id']}").json()["state"] == "cancelled"
    assert workspace.rows("SELECT 1") == [[1]]


def test_a_query_can_be_cancelled_before_its_answer(workspace: RunningServer):
    query_id = str(uuid.uuid4())
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=workspace.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as other:
        body = {"id": query_id, "sql": ENDLESS, "wait_ms": 30_000}
        thread = threading.Thread(target=lambda: answers.append(other.post("/queries", json=body)))
        thread.start()
        workspace.wait_until(lambda: workspace.api.get(f"/queries/{query_id}").status_code == 200)
        workspace.api.delete(f"/queries/{query_id}")
        thread.join()
    assert answers[0].json()["state"] == "cancelled"


def test_a_wait_ends_with_the_query(workspace: RunningServer):
    sql = "SELECT count(*) FROM range(3000000) a, range(40) b WHERE (a.range + b.range) % 7 = 3"
    query_id = workspace.query(sql, wait_ms=0).json()["id"]
    body = workspace.api.get(f"/queries/{query_id}", params={"wait_ms": 60_000}).json()
    assert body["state"] == "done"


def test_a_killed_engine_fails_what_runs_and_comes_back(workspace: RunningServer):
    query_id = workspace.query(ENDLESS, wait_ms=50).json()["id"]
    os.kill(workspace.engine_pid("read"), signal.SIGKILL)
    body = workspace.api.get(f"/queries/{query_id}", params={"wait_ms": 10_000}).json()
    assert body["state"] == "failed"
    assert (body["error"]["code"], body["error"]["status"]) == ("engine_lost", 503)
    assert workspace.rows("SELECT 42") == [[42]]


def test_an_id_is_used_once(workspace: RunningServer):
    query_id = str(uuid.uuid4())
    assert workspace.query("SELECT 1", id=query_id).json()["id"] == query_id
    assert refused(workspace.query("SELECT 2", id=query_id)) == (409, "query_exists")


def test_a_retry_with_the_same_key_runs_nothing_again(workspace: RunningServer):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = workspace.api.post("/queries", json={"sql": "SELECT uuid()"}, headers=headers).json()
    again = workspace.api.post("/queries", json={"sql": "SELECT uuid()"}, headers=headers).json()
    assert (first["id"], first["rows"]) == (again["id"], again["rows"])
    other = workspace.api.post("/queries", json={"sql": "SELECT 2"}, headers=headers)
    assert refused(other) == (409, "idempotency_key_reused")


def test_pages_go_to_the_end_without_gap_or_repeat(workspace: RunningServer):
    body = workspace.query("SELECT range FROM range(2500)").json()
    assert (len(body["rows"]), body["row_count"]) == (1000, 2500)
    rows, cursor = [row[0] for row in body["rows"]], body["next"]
    while cursor:
        page = workspace.api.get(f"/queries/{body['id']}/results", params={"cursor": cursor, "limit": 700}).json()
        assert page["columns"] == body["columns"]
        assert page["row_count"] == 2500
        rows += [row[0] for row in page["rows"]]
        cursor = page["next"]
    assert rows == list(range(2500))


def test_a_cursor_of_another_query_is_refused(workspace: RunningServer):
    first = workspace.query("SELECT * FROM range(2000)").json()
    second = workspace.query("SELECT * FROM range(2000)").json()
    answer = workspace.api.get(f"/queries/{second['id']}/results", params={"cursor": first["next"]})
    assert refused(answer) == (400, "bad_cursor")


FORMATS = {
    "arrow": (
        "application/vnd.apache.arrow.stream",
        lambda content: pa.ipc.open_stream(content).read_all()["n"].to_pylist(),
    ),
    "parquet": ("application/vnd.apache.parquet", lambda content: pq.read_table(io.BytesIO(content))["n"].to_pylist()),
    "csv": ("text/csv", lambda content: [int(line) for line in content.decode().splitlines()[1:]]),
    "ndjson": ("application/x-ndjson", lambda content: [json.loads(line)["n"] for line in content.splitlines()]),
    "json": ("application/json", lambda content: [row["n"] for row in json.loads(content)]),
}


@pytest.mark.parametrize("format", FORMATS)
def test_the_whole_result_in_a_format(workspace: RunningServer, format: str):
    query_id = workspace.query("SELECT range AS n FROM range(5000)").json()["id"]
    media_type, read = FORMATS[format]
    answer = workspace.api.get(f"/queries/{query_id}/results", params={"format": format})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(media_type)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{query_id}.{format}"'
    assert read(answer.content) == list(range(5000))
    if format != "json":
        accepted = workspace.api.get(f"/queries/{query_id}/results", headers={"Accept": media_type})
        assert read(accepted.content) == list(range(5000))


def test_a_format_that_there_is_not_is_a_400_and_a_media_type_a_415(workspace: RunningServer):
    query_id = workspace.query("SELECT 1").json()["id"]
    path = f"/queries/{query_id}/results"
    assert refused(workspace.api.get(path, params={"format": "xlsx"})) == (400, "unsupported_format")
    accept = {"Accept": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
    assert refused(workspace.api.get(path, headers=accept)) == (415, "unsupported_media_type")


def test_arrow_streams_while_the_query_runs(workspace: RunningServer):
    """The first bytes arrive long before the end; the rest is broken off when the query is cancelled."""
    query_id = workspace.query("SELECT range FROM range(1000000000)", wait_ms=0).json()["id"]
    with httpx.Client(base_url=workspace.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as other:
        request = other.build_request("GET", f"/queries/{query_id}/results", params={"format": "arrow"})
        answer = other.send(request, stream=True)
        assert answer.status_code == 200
        chunks = answer.iter_raw()
        assert next(chunks)
        assert workspace.api.get(f"/queries/{query_id}").json()["state"] == "running"
        assert workspace.api.delete(f"/queries/{query_id}").json()["state"] == "cancelled"
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in chunks:
                pass


def test_recent_queries_are_listed_newest_first(start_server):
    server = start_server()
    for number in range(5):
        server.query(f"SELECT {number}")
    first = server.api.get("/queries", params={"limit": 3}).json()
    second = server.api.get("/queries", params={"limit": 3, "cursor": first["next"]}).json()
    assert [item["sql"] for item in first["items"] + second["items"]] == [f"SELECT {n}" for n in (4, 3, 2, 1, 0)]
    assert second["next"] is None


def test_results_survive_a_restart_of_the_server(start_server):
    server = start_server()
    query_id = server.query("SELECT range FROM range(1500)").json()["id"]
    server.stop()
    server.start()
    body = server.api.get(f"/queries/{query_id}").json()
    assert (body["state"], len(body["rows"]), body["row_count"]) == ("done", 1000, 1500)
    assert len(server.api.get(f"/queries/{query_id}/results", params={"cursor": body["next"]}).json()["rows"]) == 500
    arrow = server.api.get(f"/queries/{query_id}/results", params={"format": "arrow"}).content
    assert pa.ipc.open_stream(arrow).read_all().num_rows == 1500


def test_an_expired_result_is_a_410(start_server):
    server = start_server("--DeitaExtension.result_lifetime=3600")
    query_id = server.query("SELECT 1").json()["id"]
    server.stop()
    old = time.time() - 7200
    os.utime(server.storage / "people" / "me" / "spool" / f"{query_id}.arrow", (old, old))
    server.start()
    results = f"/queries/{query_id}/results"
    server.wait_until(lambda: server.api.get(results).status_code == 410)
    for path in (results, f"{results}?format=arrow", f"{results}?format=csv", f"/queries/{query_id}"):
        assert refused(server.api.get(path)) == (410, "result_expired")


def test_the_spool_has_a_limit(start_server):
    server = start_server("--DeitaExtension.max_spool_bytes=100000")
    for _ in range(3):
        server.query("SELECT range FROM range(20000)")
    server.stop()
    server.start()
    server.query("SELECT 1")
    spool = server.storage / "people" / "me" / "spool"
    server.wait_until(lambda: sum(path.stat().st_size for path in spool.glob("*.arrow")) <= 100_000)


def test_the_number_of_remembered_queries_has_a_limit(start_server):
    server = start_server("--DeitaExtension.max_queries=10")
    ids = [server.query(f"SELECT {number}").json()["id"] for number in range(80)]
    assert len(server.api.get("/queries", params={"limit": 1000}).json()["items"]) < 70
    assert refused(server.api.get(f"/queries/{ids[0]}")) == (404, "query_not_found")
    assert server.api.get(f"/queries/{ids[-1]}").status_code == 200


def test_too_many_queries_are_a_429_with_retry_after(start_server):
    server = start_server(DEITA_ENGINE_RUNNING="1", DEITA_ENGINE_WAITING="1")
    running = [server.query(ENDLESS, wait_ms=0).json()["id"] for _ in range(2)]
    answer = server.query("SELECT 1")
    assert refused(answer) == (429, "too_many_queries")
    assert int(answer.headers["Retry-After"]) >= 1
    for query_id in running:
        server.api.delete(f"/queries/{query_id}")
    assert server.rows("SELECT 1") == [[1]]


def test_completion_knows_tables_and_keywords(workspace: RunningServer):
    workspace.put("completed.csv", b"first_column\n1\n")
    workspace.import_file("completed.csv")
    sql = "SELECT * FROM comple"
    found = workspace.api.post("/queries/complete", json={"sql": sql, "position": len(sql)}).json()
    assert (found["start"], found["end"]) == (14, 20)
    assert {"label": "completed", "kind": "table"}.items() <= found["items"][0].items()


def test_a_write_is_seen_by_the_next_read_and_has_a_version(workspace: RunningServer):
    body = workspace.query("CREATE TABLE written AS SELECT 7 AS n", mode="write").json()
    assert body["state"] == "done", body
    assert workspace.rows("SELECT n FROM written") == [[7]]
    assert workspace.query("INSERT INTO written VALUES (8)", mode="write").json()["state"] == "done"
    versions = workspace.api.get("/tables/written/versions").json()["items"]
    assert [version["version"] for version in versions] == [2, 1]
    assert versions[0]["source"]["receipt"]["sql"] == "INSERT INTO written VALUES (8)"
