"""What is kept of queries and their results, for how long, and how many run at once."""

from __future__ import annotations

import os
import time

import httpx
import pyarrow as pa

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE (a.range * b.range) % 7 = 3"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


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
