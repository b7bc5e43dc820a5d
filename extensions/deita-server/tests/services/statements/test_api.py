from __future__ import annotations

from typing import Any

import pytest

from ...workspace_server import RunningServer


@pytest.fixture(scope="module", autouse=True)
def drafted(workspace: RunningServer) -> None:
    for amount in (1, 2):
        workspace.put("drafted.csv", f"amount,region\n{amount},x\n".encode(), replace=1)
        assert workspace.import_file("drafted.csv", mode="replace")["state"] == "done"


def validated(workspace: RunningServer, sql: str, **body: Any) -> dict[str, Any]:
    answer = workspace.api.post("/queries/validate", json={"sql": sql, **body})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_statement_is_validated_without_a_query(workspace: RunningServer):
    before = workspace.api.get("/queries", params={"limit": 1}).json()["items"]
    found = validated(workspace, "select region, amount from drafted where amount > $low", plan="text")
    assert found["plan"].startswith("┌")
    assert {**found, "plan": None} == {
        "valid": True,
        "error": None,
        "statement_type": "SELECT",
        "columns": [{"name": "region", "type": "VARCHAR"}, {"name": "amount", "type": "BIGINT"}],
        "parameters": [{"name": "low", "type": "BIGINT"}],
        "tables": {"drafted": 2},
        "plan": None,
    }
    assert workspace.api.get("/queries", params={"limit": 1}).json()["items"] == before


def test_what_is_wrong_stands_in_the_answer(workspace: RunningServer):
    found = validated(workspace, "select nope\nfrom drafted")
    assert (found["valid"], found["tables"]) == (False, {"drafted": 2})
    error = found["error"]
    assert (error["code"], error["status"], error["details"]["line"]) == ("query_binding", 400, 1)
    refused = validated(workspace, "select * from read_csv('x')")["error"]
    assert (refused["code"], refused["status"]) == ("not_allowed", 403)


def test_a_look_back_is_validated_in_the_past(workspace: RunningServer):
    assert validated(workspace, "from drafted", as_of={"drafted": 1})["tables"] == {"drafted": 1}
    answer = workspace.api.post("/queries/validate", json={"sql": "from drafted", "as_of": {"drafted": 9}})
    assert (answer.status_code, answer.json()["code"]) == (404, "version_not_found")


def test_a_statement_is_laid_out_or_says_why_not(workspace: RunningServer):
    def laid_out(sql: str) -> dict[str, Any]:
        return workspace.api.post("/queries/format", json={"sql": sql}).json()

    found = laid_out("SELECT a,b FROM t -- why")
    assert found == {"sql": "select a, b from t  -- why", "changed": True, "reason": None}
    assert laid_out("selec 1") == {"sql": "selec 1", "changed": False, "reason": "It cannot be parsed."}


def test_completion_knows_tables_and_keywords(workspace: RunningServer):
    sql = "SELECT * FROM draft"
    found = workspace.api.post("/queries/complete", json={"sql": sql, "position": len(sql)}).json()
    assert (found["start"], found["end"]) == (14, 19)
    assert {"label": "drafted", "kind": "table"}.items() <= found["items"][0].items()
