from __future__ import annotations

from typing import Any

import pytest

from ...workspace_server import RunningServer

pytestmark = pytest.mark.backends

CHANGES = [
    "INSERT INTO {t} VALUES (3, 'z')",
    "INSERT INTO {t} BY NAME SELECT 'z' AS b, 3 AS a",
    "UPDATE {t} SET b = 'w' WHERE a = 1",
    "UPDATE {t} SET b = s.b FROM (SELECT 2 AS a, 'w' AS b) AS s WHERE {t}.a = s.a",
    "DELETE FROM {t} WHERE a = 1",
    "DELETE FROM {t} USING (SELECT 2 AS a) AS s WHERE {t}.a = s.a",
    "TRUNCATE {t}",
    "MERGE INTO {t} USING (SELECT 2 AS a, 'm' AS b UNION ALL SELECT 9, 'n') AS s ON {t}.a = s.a"
    " WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b)",
    "ALTER TABLE {t} ADD COLUMN c INTEGER DEFAULT 7",
    "ALTER TABLE {t} DROP COLUMN b",
    "ALTER TABLE {t} RENAME COLUMN b TO label",
    "ALTER TABLE {t} RENAME TO {t}_renamed",
    "CREATE OR REPLACE TABLE {t} AS SELECT 'other' AS c",
    "DROP TABLE {t}",
]
ROWS = [[1, "x"], [2, "y"]]


def written(workspace: RunningServer, sql: str) -> str:
    body = workspace.query(sql, mode="write").json()
    assert body["state"] == "done", body
    return str(body["id"])


def undone(workspace: RunningServer, query_id: str) -> Any:
    answer = workspace.api.post(f"/queries/{query_id}/undo")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(("place", "change"), list(enumerate(CHANGES)))
def test_a_statement_is_taken_back(workspace: RunningServer, place: int, change: str):
    name = f"undo_{place}"
    written(workspace, f"CREATE TABLE {name} AS SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'")
    query_id = written(workspace, change.format(t=name))
    told = undone(workspace, query_id)
    assert (told["version"], told["now"]["name"], told["now"]["version"]) == (2, name, 3)
    assert [column["name"] for column in told["now"]["columns"]] == ["a", "b"]
    assert workspace.rows(f"FROM {name} ORDER BY a") == ROWS
    again = workspace.api.post(f"/queries/{query_id}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "table_changed_since")


@pytest.mark.parametrize("kind", ["TABLE", "VIEW"])
def test_what_a_statement_made_goes_again(workspace: RunningServer, kind: str):
    query_id = written(workspace, f"CREATE {kind} undo_made_{kind} AS SELECT 1 AS a")
    assert undone(workspace, query_id) == {"table": f"undo_made_{kind}", "version": 1, "now": None}
    assert workspace.api.get(f"/tables/undo_made_{kind}").status_code == 404


def test_a_table_that_others_changed_stays_and_their_changes_are_told(workspace: RunningServer):
    query_id = written(workspace, "CREATE TABLE undo_busy AS SELECT 1 AS a")
    written(workspace, "INSERT INTO undo_busy VALUES (2)")
    answer = workspace.api.post(f"/queries/{query_id}/undo")
    assert (answer.status_code, answer.json()["code"]) == (409, "table_changed_since")
    (change,) = answer.json()["details"]["changes"]
    assert (change["version"], change["operation"], change["created_by"]) == (2, "write", "me")
    assert workspace.rows("SELECT count(*) FROM undo_busy") == [[2]]


def test_statements_are_taken_back_one_after_another(workspace: RunningServer):
    statements = [
        "CREATE TABLE undo_chain AS SELECT 1 AS a",
        "INSERT INTO undo_chain VALUES (2)",
        "DELETE FROM undo_chain",
    ]
    ids = [written(workspace, sql) for sql in statements]
    for query_id, rows in zip(reversed(ids[1:]), ([[1], [2]], [[1]]), strict=True):
        undone(workspace, query_id)
        assert workspace.rows("FROM undo_chain ORDER BY a") == rows
    again = workspace.api.post(f"/queries/{ids[1]}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "table_changed_since")
    assert undone(workspace, ids[0])["now"] is None


def test_a_query_that_wrote_nothing_is_told_from_one_that_is_not_there(workspace: RunningServer):
    read = workspace.query("SELECT 1").json()["id"]
    answers = [
        workspace.api.post(f"/queries/{query_id}/undo") for query_id in (read, "00000000-0000-4000-8000-000000000000")
    ]
    told = [(answer.status_code, answer.json()["code"]) for answer in answers]
    assert told == [(409, "nothing_to_undo"), (404, "query_not_found")]
