"""Earlier results of one's own as tables of a statement, and the receipts that lead back to them."""

from __future__ import annotations

import uuid

import httpx
import pytest

from ...workspace_server import RunningServer, Starter


@pytest.fixture(scope="module")
def server(start_server: Starter) -> RunningServer:
    running = start_server()
    running.put("fruit.csv", b"name,price\napple,1\npear,2\n").raise_for_status()
    assert running.import_file("fruit.csv", table="fruit")["state"] == "done"
    return running


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_the_receipt_names_the_query_behind_a_named_result(server: RunningServer):
    parent = server.query("SELECT * FROM fruit WHERE price > 1").json()
    child = server.query("SELECT name FROM dear", results={"dear": parent["id"]}).json()
    assert child["rows"] == [["pear"]]
    assert child["receipt"]["results"] == {"dear": parent["id"]} and child["receipt"]["tables"] == {}
    full = server.api.get(f"/queries/{child['id']}/receipt").json()
    assert full["results"] == {"dear": parent["id"]}


def test_a_query_on_a_named_result_is_run_again_on_the_same_result(server: RunningServer):
    parent = server.query("SELECT 1 AS a").json()
    child = server.query("SELECT a + 1 FROM one", results={"one": parent["id"]}).json()
    again = server.api.post(f"/queries/{child['id']}/rerun", json={}).json()
    assert again["rows"] == [[2]] and again["receipt"]["same_result"] is True
    assert again["receipt"]["results"] == {"one": parent["id"]}


def test_a_table_made_of_a_result_of_a_result_leads_to_the_file(server: RunningServer):
    first = server.query("SELECT * FROM fruit").json()["id"]
    second = server.query("SELECT price FROM first", results={"first": first}).json()["id"]
    done = server.query("CREATE TABLE prices AS SELECT * FROM second", mode="write", results={"second": second}).json()
    assert done["state"] == "done", done
    nodes = server.api.get("/tables/prices/lineage").json()["nodes"]
    assert {(node["kind"], node["name"]) for node in nodes} >= {("file", "fruit.csv"), ("table", "fruit")}


def test_what_is_no_kept_result_of_ones_own_is_refused(server: RunningServer):
    gone = server.query("SELECT 1 AS a").json()["id"]
    (server.storage / "people" / "me" / "spool" / f"{gone}.arrow").unlink()
    failed = server.query("SELECT 'x'::INTEGER FROM fruit").json()["id"]
    for results, wanted in [
        ({"r": gone}, (410, "result_expired")),
        ({"r": failed}, (409, "no_result")),
        ({"r": str(uuid.uuid4())}, (404, "query_not_found")),
        ({"r": "x"}, (400, "bad_request")),
        ({"a b": gone}, (400, "bad_request")),
        ({"r": gone, "R": gone}, (400, "bad_request")),
        ({f"r{number}": gone for number in range(21)}, (400, "bad_request")),
    ]:
        assert refused(server.query("SELECT * FROM r", results=results)) == wanted, results
    kept = server.query("SELECT 1 AS a").json()["id"]
    assert refused(server.query("SELECT * FROM fruit", results={"fruit": kept})) == (409, "table_exists")


def test_the_parents_of_a_query_survive_a_restart(server: RunningServer):
    parent = server.query("SELECT 5 AS a").json()["id"]
    child = server.query("FROM p", results={"p": parent}).json()["id"]
    server.stop()
    server.start()
    assert server.api.get(f"/queries/{child}").json()["receipt"]["results"] == {"p": parent}
    assert server.api.post(f"/queries/{child}/rerun", json={}).json()["rows"] == [[5]]
