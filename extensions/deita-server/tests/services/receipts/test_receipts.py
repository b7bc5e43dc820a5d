from __future__ import annotations

import hashlib
import os
import time
from typing import Any

import httpx
import pytest

from ...workspace_server import RunningServer, Starter

pytestmark = pytest.mark.backends


@pytest.fixture(scope="module")
def server(start_server: Starter) -> RunningServer:
    return start_server()


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def receipt(server: RunningServer, query_id: str) -> dict[str, Any]:
    answer = server.api.get(f"/queries/{query_id}/receipt")
    assert answer.status_code == 200, answer.text
    return answer.json()


def write(server: RunningServer, sql: str, **body: Any) -> str:
    answer = server.query(sql, mode="write", **body).json()
    assert answer.get("state") == "done", answer
    return answer["id"]


def load(server: RunningServer, name: str, content: bytes, **body: Any) -> dict[str, Any]:
    server.put(name, content, replace=1).raise_for_status()
    done = server.import_file(name, **body)
    assert done["state"] == "done", done
    return done


def test_a_receipt_leads_to_the_bytes_of_the_file_and_how_they_were_read(server: RunningServer):
    content = b"item;price\nbread;3,50\n"
    load(server, "bread.csv", content, table="bread")
    body = server.query("SELECT * FROM bread WHERE price > $floor", params={"floor": 1}, limit=10).json()
    full = receipt(server, body["id"])
    assert (full["sql"], full["params"], full["limit"]) == (body["receipt"]["sql"], {"floor": 1}, 10)
    assert (full["person"], full["rows"], full["result_kept"]) == ("me", 1, True)
    assert full["engine"].startswith("DuckDB ") and "parquet" in full["extensions"]
    assert full["cpu_ms"] > 0 and full["peak_memory_bytes"] >= 0 and full["bytes"] > 0
    assert full["result_hash"] == body["receipt"]["result_hash"]
    (table,) = full["tables"]
    (origin,) = table["origins"]
    assert (table["name"], table["version"], table["rows"]) == ("bread", 1, 1)
    assert (origin["file"], origin["sha256"]) == ("bread.csv", hashlib.sha256(content).hexdigest())
    assert origin["recipe"]["delimiter"] == ";"


def test_a_table_has_an_origin_for_each_file_that_is_in_it(server: RunningServer):
    load(server, "first.csv", b"n\n1\n", table="grown")
    load(server, "second.csv", b"n\n2\n", table="grown", mode="append")
    query_id = write(server, "INSERT INTO grown VALUES (3)")
    (table,) = receipt(server, server.query("FROM grown").json()["id"])["tables"]
    assert [origin["file"] or origin["query_id"] for origin in table["origins"]] == [
        query_id,
        "second.csv",
        "first.csv",
    ]


def test_what_a_replacement_threw_away_is_no_origin_and_a_restore_leads_back(server: RunningServer):
    load(server, "before.csv", b"n\n1\n", table="replaced")
    load(server, "after.csv", b"n\n2\n", table="replaced", mode="replace")

    def files() -> list[str]:
        (table,) = receipt(server, server.query("FROM replaced").json()["id"])["tables"]
        return [origin["file"] for origin in table["origins"]]

    assert files() == ["after.csv"]
    server.api.post("/tables/replaced/restore", json={"version": 1}).raise_for_status()
    assert files() == ["before.csv"]


def test_a_view_is_followed_to_the_table_and_its_file_under_later_names(server: RunningServer):
    load(server, "milk.csv", b"n\n1\n", table="milk")
    write(server, "CREATE VIEW milk_view AS SELECT n + 1 AS m FROM milk")
    body = server.query("FROM milk_view").json()
    assert body["receipt"]["tables"] == {"milk_view": 1, "milk": 1}
    server.api.patch("/tables/milk", json={"name": "milk_later"}).raise_for_status()
    tables = {table["name"]: table for table in receipt(server, body["id"])["tables"]}
    assert tables["milk"]["origins"][0]["file"] == "milk.csv"
    assert tables["milk_view"]["origins"][0]["query_id"]


def test_the_receipt_of_a_query_that_made_a_table_is_every_members(start_server: Starter, server: RunningServer):
    load(server, "eggs.csv", b"n\n1\n2\n", table="eggs")
    query_id = write(server, "CREATE TABLE eggs_twice AS SELECT n * $factor AS n FROM eggs", params={"factor": 2})
    other = start_server(storage=server.storage, person="bob", role="viewer")
    table = other.api.get("/tables/eggs_twice").json()
    assert table["source"]["receipt"]["query_id"] == query_id
    full = receipt(other, query_id)
    assert (full["person"], full["params"], full["statement_type"]) == ("me", {"factor": 2}, "CREATE")
    assert (full["wrote"]["table"], full["wrote"]["version"]) == ("eggs_twice", 1)
    assert [origin["file"] for origin in full["tables"][0]["origins"]] == ["eggs.csv"]
    assert "ducklake" in full["extensions"] or full["engine"]
    mine = receipt(server, query_id)
    assert mine["tables"] == full["tables"]
    assert mine["wrote"] == {**full["wrote"], "inserted": 2, "updated": 0, "deleted": 0}


def test_long_results_get_their_hash_when_the_receipt_is_asked_for(server: RunningServer):
    body = server.query("SELECT range AS n FROM range(5000)").json()
    assert body["receipt"]["result_hash"] is None
    found = receipt(server, body["id"])["result_hash"]
    assert len(found) == 64
    assert server.api.get(f"/queries/{body['id']}").json()["receipt"]["result_hash"] == found


def test_a_query_without_a_result_has_no_receipt(server: RunningServer):
    failed = server.query("SELECT CAST(range || 'x' AS INTEGER) FROM range(3)").json()
    assert refused(server.api.get(f"/queries/{failed['id']}/receipt")) == (409, "no_result")
    assert refused(server.api.get("/queries/none/receipt")) == (404, "query_not_found")


def test_a_receipt_outlives_its_result(start_server: Starter):
    server = start_server("--DeitaExtension.result_lifetime=3600")
    load(server, "old.csv", b"n\n1\n", table="old")
    body = server.query("FROM old").json()
    server.stop()
    hours_ago = time.time() - 7200
    os.utime(server.storage / "people" / "me" / "spool" / f"{body['id']}.arrow", (hours_ago, hours_ago))
    server.start()
    server.wait_until(lambda: server.api.get(f"/queries/{body['id']}/results").status_code == 410)
    full = receipt(server, body["id"])
    assert (full["result_kept"], full["result_hash"]) == (False, body["receipt"]["result_hash"])
    again = server.api.post(f"/queries/{body['id']}/rerun", json={"as_of": "then", "wait_ms": 30_000}).json()
    assert (again["rows"], again["receipt"]["same_result"]) == ([[1]], True)
