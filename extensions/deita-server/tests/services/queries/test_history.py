from __future__ import annotations

import stat
import uuid
from typing import Any

import httpx
import pytest

from ...workspace_server import RunningServer, Starter

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE (a.range * b.range) % 7 = 3"


@pytest.fixture(scope="module")
def server(start_server: Starter) -> RunningServer:
    return start_server()


def found(server: RunningServer, **search: Any) -> list[str]:
    answer = server.api.get("/queries", params=search)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


def test_all_words_must_occur_in_the_statement_in_any_order_and_case(server: RunningServer):
    wanted = server.query("SELECT 'Größe' AS Carrots, 1 AS peas").json()["id"]
    server.query("SELECT 1 AS carrots").raise_for_status()
    assert found(server, q="PEAS carrots") == [wanted]
    assert found(server, q="GRÖSSE") == [wanted]
    assert found(server, q="carrots 100%") == []


def test_queries_are_found_by_state_and_time(server: RunningServer):
    failed = server.query("SELECT CAST(range || 'x' AS INTEGER) AS radish FROM range(3)").json()["id"]
    done = server.query("SELECT 1 AS radish").json()
    assert found(server, q="radish", state="failed") == [failed]
    assert found(server, q="radish", since=done["receipt"]["started_at"])[0] == done["id"]
    assert found(server, q="radish", since="2100-01-01T00:00:00+02:00") == []
    running = server.query(f"{ENDLESS} OR b.range = 999", wait_ms=0).json()["id"]
    server.wait_until(lambda: found(server, state="running") == [running])
    server.api.delete(f"/queries/{running}")
    assert found(server, state="cancelled") == [running]


@pytest.mark.parametrize("search", [{"state": "odd"}, {"since": "yesterday"}, {"since": "0001-01-01T00:00:00+14:00"}])
def test_a_search_that_means_nothing_is_refused(server: RunningServer, search: dict[str, str]):
    assert server.api.get("/queries", params=search).status_code == 400


def test_queries_are_found_by_a_table_that_they_read_also_through_a_view(server: RunningServer):
    for sql in ("CREATE TABLE leeks AS SELECT 1 AS a", "CREATE VIEW leek_view AS FROM leeks"):
        assert server.query(sql, mode="write").json()["state"] == "done"
    ids = [server.query(f"SELECT a FROM {name}").json()["id"] for name in ("leeks", "leek_view")]
    assert found(server, table="LEEKS", q="select a")[:2] == ids[::-1]
    assert found(server, table="leek") == []


def test_pages_of_the_history_have_no_gap_and_no_repeat(server: RunningServer):
    ids = [server.query(f"SELECT {number} AS turnip").json()["id"] for number in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        page = server.api.get("/queries", params={"q": "turnip", "limit": 3} | ({"cursor": cursor} if cursor else {}))
        seen += [item["id"] for item in page.json()["items"]]
        cursor = page.json()["next"]
        if not cursor:
            break
    assert seen == ids[::-1]


def test_an_answered_query_survives_a_kill(start_server: Starter):
    server = start_server()
    body = server.query("SELECT 42 AS answer").json()
    server.kill()
    server.start()
    again = server.api.get(f"/queries/{body['id']}")
    assert (again.status_code, again.json()) == (200, body)


def test_queries_that_were_promised_are_known_as_interrupted_after_a_kill(start_server: Starter):
    server = start_server(DEITA_ENGINE_RUNNING="1")
    ids = [server.query(ENDLESS, wait_ms=wait).json()["id"] for wait in (200, 0)]  # one runs, one waits
    server.kill()
    server.start()
    for query_id in ids:
        body = server.api.get(f"/queries/{query_id}").json()
        assert (body["state"], body["error"]["code"]) == ("failed", "interrupted")
    assert found(server, state="failed") == ids[::-1]


def test_other_members_see_nothing_of_it(start_server: Starter):
    mine = start_server(person="ann")
    query_id = mine.query("SELECT 'secret of ann'").json()["id"]
    theirs = start_server(storage=mine.storage, person="bob")
    for path in (f"/queries/{query_id}", f"/queries/{query_id}/receipt", f"/queries/{query_id}/results"):
        assert theirs.api.get(path).status_code == 404
    assert found(theirs) == []
    assert stat.S_IMODE((mine.storage / "people" / "ann").stat().st_mode) == 0o700


def test_the_history_has_a_limit_in_bytes_and_the_newest_stay(start_server: Starter):
    server = start_server("--DeitaExtension.max_history_bytes=100000")
    ids = [server.query(f"SELECT '{'x' * 5000}', {number}").json()["id"] for number in range(60)]
    server.wait_until(lambda: len(found(server, limit=1000)) < 25)
    assert found(server, limit=1) == [ids[-1]]
    assert server.api.get(f"/queries/{ids[0]}").status_code == 404
    assert not (server.storage / "people" / "me" / "spool" / f"{ids[0]}.arrow").exists()


def test_an_id_is_used_once_also_after_a_restart(start_server: Starter):
    server = start_server()
    query_id = str(uuid.uuid4())
    server.query("SELECT 1", id=query_id).raise_for_status()
    server.stop()
    server.start()
    answer: httpx.Response = server.query("SELECT 1", id=query_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "query_exists")
