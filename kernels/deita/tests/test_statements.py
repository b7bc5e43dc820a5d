"""Statements that are looked at and not run, through the client."""

from __future__ import annotations

import deita


def test_a_statement_is_validated_and_laid_out(near: deita.Workspace, flights: deita.Table) -> None:
    found = near.validate(f"SELECT carrier FROM {flights.name} WHERE month = $month", plan="json")
    assert (found["valid"], found["parameters"]) == (True, [{"name": "month", "type": "BIGINT"}])
    assert found["tables"] == {"flights": flights.version} and found["plan"]
    assert near.validate("SELECT nope FROM flights")["error"]["code"] == "query_binding"
    assert near.format("SELECT a,b FROM t -- why") == "select a, b from t  -- why"
