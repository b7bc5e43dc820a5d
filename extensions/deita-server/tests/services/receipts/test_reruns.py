from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from typing import Any

import pytest

from ...workspace_server import RunningServer, Starter
from .test_receipts import load, receipt, refused, write


@pytest.fixture(scope="module")
def server(start_server: Starter) -> RunningServer:
    return start_server()


def rerun(server: RunningServer, query_id: str, as_of: str, **body: Any) -> dict[str, Any]:
    answer = server.api.post(f"/queries/{query_id}/rerun", json={"as_of": as_of, "wait_ms": 30_000, **body})
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "done", answer.json()
    return answer.json()


def test_as_it_was_then_the_same_comes_out_and_now_another(server: RunningServer):
    load(server, "stock.csv", b"n\n1\n2\n", table="stock")
    first = server.query("SELECT sum(n) AS total FROM stock WHERE n < $most", params={"most": 99}).json()
    load(server, "stock.csv", b"n\n1\n2\n3\n", table="stock", mode="replace")
    then, now = rerun(server, first["id"], "then"), rerun(server, first["id"], "now")
    assert then["rows"] == first["rows"] and then["id"] != first["id"]
    assert (then["receipt"]["rerun_of"], then["receipt"]["same_result"]) == (first["id"], True)
    assert (then["receipt"]["changed_tables"], then["receipt"]["tables"]) == ([], {"stock": 1})
    assert (now["rows"], now["receipt"]["same_result"], now["receipt"]["alike"]) == ([[6]], False, False)
    assert now["receipt"]["changed_tables"] == [{"name": "stock", "then": 1, "now": 2}]
    assert receipt(server, now["id"])["rerun_as_of"] == "now"


def test_a_look_back_is_repeated_as_it_looked_back(server: RunningServer):
    for content in (b"n\n1\n", b"n\n2\n", b"n\n3\n"):
        load(server, "looked.csv", content, table="looked", mode="replace")
    first = server.query("FROM looked", as_of={"looked": 1}).json()
    assert rerun(server, first["id"], "then")["rows"] == [[1]]
    assert rerun(server, first["id"], "now")["rows"] == [[3]]


def test_tables_that_were_renamed_or_dropped_are_read_by_their_names_of_then(server: RunningServer):
    write(server, "CREATE TABLE short_lived AS SELECT 7 AS n")
    write(server, "CREATE TABLE once AS SELECT 8 AS n")
    first = server.query("SELECT * FROM short_lived, once").json()
    server.api.delete("/tables/short_lived").raise_for_status()
    server.api.patch("/tables/once", json={"name": "otherwise"}).raise_for_status()
    then = rerun(server, first["id"], "then")
    assert (then["rows"], then["receipt"]["same_result"]) == ([[7, 8]], True)
    again = server.api.post(f"/queries/{first['id']}/rerun", json={"as_of": "now"})
    assert refused(again) == (400, "table_not_found")


def test_long_results_are_compared_too_and_rows_in_another_order_are_alike(server: RunningServer):
    sql = "SELECT range AS n FROM range(3000)"
    first = server.query(sql).json()
    assert rerun(server, first["id"], "now")["receipt"]["same_result"] is True
    shuffled = server.query("SELECT n FROM range(50) t(n) ORDER BY random()").json()
    again = rerun(server, shuffled["id"], "then")["receipt"]
    assert (again["same_result"], again["alike"]) == (False, True)


def test_the_answer_does_not_wait_for_the_hashes_of_long_results(server: RunningServer):
    first = server.query("SELECT range AS n, 'text ' || range AS t FROM range(1000000)").json()
    begun = server.api.post(f"/queries/{first['id']}/rerun", json={"wait_ms": 0})
    assert begun.status_code == 202 and begun.headers["Location"].endswith(f"/queries/{begun.json()['id']}")
    done = server.api.get(f"/queries/{begun.json()['id']}", params={"wait_ms": 60_000}).json()
    assert (done["state"], done["receipt"]["same_result"]) == ("done", True)


def test_a_limit_and_typed_parameters_are_repeated(server: RunningServer):
    first = server.query("SELECT $day + 1 AS d FROM range(9)", limit=2, params={"day": "2026-01-31"},
                         param_types={"day": "DATE"}).json()  # fmt: skip
    again = rerun(server, first["id"], "then")
    assert (again["rows"], again["truncated"]) == ([["2026-02-01"]] * 2, True)
    assert again["receipt"]["same_result"] is True


def test_a_statement_that_writes_is_not_run_again(server: RunningServer):
    query_id = write(server, "CREATE TABLE written_once AS SELECT 1 AS n")
    answer = server.api.post(f"/queries/{query_id}/rerun", json={})
    assert refused(answer) == (409, "not_repeatable")
    assert "receipt" in answer.json()["hint"]


def test_a_retry_with_the_same_key_runs_once_and_another_query_needs_another_key(server: RunningServer):
    ids = [server.query("SELECT 1").json()["id"] for _ in range(2)]
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    made = [server.api.post(f"/queries/{ids[0]}/rerun", json={}, headers=headers).json()["id"] for _ in range(2)]
    assert made[0] == made[1]
    other = server.api.post(f"/queries/{ids[1]}/rerun", json={}, headers=headers)
    assert refused(other) == (409, "idempotency_key_reused")


def test_versions_that_are_no_longer_kept_are_a_410_and_the_receipt_stays(start_server: Starter):
    server = start_server()
    load(server, "gone.csv", b"n\n1\n", table="gone")
    first = server.query("FROM gone").json()
    load(server, "gone.csv", b"n\n2\n", table="gone", mode="replace")
    server.stop()
    with closing(sqlite3.connect(server.storage / "lake.sqlite")) as lake, lake:  # what an expiry leaves of a snapshot
        lake.execute("DELETE FROM ducklake_snapshot WHERE snapshot_id = ?", [first["receipt"]["snapshot"]])
    server.start()
    answer = server.api.post(f"/queries/{first['id']}/rerun", json={"as_of": "then"})
    assert refused(answer) == (410, "version_expired")
    assert receipt(server, first["id"])["tables"][0]["origins"][0]["file"] == "gone.csv"
    assert rerun(server, first["id"], "now")["receipt"]["same_result"] is False
