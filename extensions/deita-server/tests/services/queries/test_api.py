from __future__ import annotations

import os
import signal
import threading
import uuid

import httpx
import pytest

from ...workspace_server import TOKEN, RunningServer

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE (a.range * b.range) % 7 = 3"
SLOW = "SELECT count(*) FROM range(10000) a, range(10000) b WHERE (a.range + b.range) % 2 = 0"


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
    assert body["progress"] is None or 0 < body["progress"] < 1
    assert answer.headers["Location"].endswith(f"/deita/api/v1/queries/{body['id']}")
    cancelled = workspace.api.delete(f"/queries/{body['id']}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    over = workspace.api.get(f"/queries/{body['id']}").json()
    assert (over["state"], over["progress"]) == ("cancelled", None)
    assert workspace.query("SELECT 1").json()["progress"] == 1


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


def test_a_query_can_be_cancelled_before_it_is_accepted(workspace: RunningServer):
    query_id = str(uuid.uuid4())
    constant = "FROM range(length(lpad('x', 2000000000, 'y')))"  # computed while DuckDB binds, and does not listen
    answers: list[httpx.Response] = []
    with httpx.Client(base_url=workspace.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as other:
        body = {"id": query_id, "sql": constant, "wait_ms": 30_000}
        thread = threading.Thread(target=lambda: answers.append(other.post("/queries", json=body)))
        thread.start()
        cancelled = workspace.wait_until(
            lambda: (found := workspace.api.delete(f"/queries/{query_id}")).is_success and found
        )
        thread.join()
    for answer in (cancelled, answers[0], workspace.api.get(f"/queries/{query_id}")):
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answers[0].json()["error"]["code"] == "query_cancelled"
    assert workspace.api.get("/queries", params={"state": "cancelled"}).json()["items"][0]["id"] == query_id
    assert workspace.rows("SELECT 1") == [[1]]


def test_a_wait_ends_with_the_query(workspace: RunningServer):
    sql = "SELECT count(*) FROM range(3000000) a, range(40) b WHERE (a.range + b.range) % 7 = 3"
    query_id = workspace.query(sql, wait_ms=0).json()["id"]
    body = workspace.api.get(f"/queries/{query_id}", params={"wait_ms": 60_000}).json()
    assert body["state"] == "done"


def kill_the_engine_under(workspace: RunningServer, query_id: str) -> None:
    """Waits until the query computes, then kills its engine."""
    workspace.wait_until(lambda: workspace.api.get(f"/queries/{query_id}").json()["state"] == "running")
    os.kill(workspace.engine_pid("read"), signal.SIGKILL)
    workspace.wait_until(lambda: workspace.api.get(f"/queries/{query_id}").json()["state"] != "running")


def test_a_read_survives_one_killed_engine_and_not_two(workspace: RunningServer):
    ids = {sql: workspace.query(sql, wait_ms=0).json()["id"] for sql in (ENDLESS, SLOW)}
    kill_the_engine_under(workspace, ids[ENDLESS])
    body = workspace.api.get(f"/queries/{ids[SLOW]}", params={"wait_ms": 60_000}).json()
    assert (body["state"], body["rows"]) == ("done", [[50_000_000]])
    kill_the_engine_under(workspace, ids[ENDLESS])
    body = workspace.api.get(f"/queries/{ids[ENDLESS]}", params={"wait_ms": 10_000}).json()
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


def test_a_write_is_seen_by_the_next_read_and_has_a_version(workspace: RunningServer):
    body = workspace.query("CREATE TABLE written AS SELECT 7 AS n", mode="write").json()
    assert body["state"] == "done", body
    assert workspace.rows("SELECT n FROM written") == [[7]]
    assert workspace.query("INSERT INTO written VALUES (8)", mode="write").json()["state"] == "done"
    versions = workspace.api.get("/tables/written/versions").json()["items"]
    assert [version["version"] for version in versions] == [2, 1]
    assert versions[0]["source"]["receipt"]["sql"] == "INSERT INTO written VALUES (8)"
