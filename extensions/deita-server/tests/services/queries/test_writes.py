"""Every kind of statement that writes, by every role: its version and receipt, what it says it did, and its undo."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from ...workspace_server import RunningServer

ROWS = "SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2, 'y'"
SOURCE = "SELECT 2 AS a, 'm' AS b UNION ALL SELECT 9, 'n'"
NOBODY = {"inserted": 0, "updated": 0, "deleted": 0}


@dataclass(frozen=True)
class Kind:
    """A statement about the table `{t}` (of `ROWS`), the view `{t}_view` on it, and the table `{t}_source` of `SOURCE`.

    `told` is what it says it did, `target` what it changed, `reads` what its receipt names. `before` runs first.
    """

    sql: str
    operation: str
    told: dict[str, int]
    reads: tuple[str, ...] = ()
    target: str = "{t}"
    before: str | None = None


KINDS = {
    "CTAS": Kind("CREATE TABLE {t}_new AS FROM {t}_source", "create", {"inserted": 2}, ("{t}_source",), "{t}_new"),
    "CTAS of a view": Kind(
        "CREATE TABLE {t}_new AS FROM {t}_view", "create", {"inserted": 1}, ("{t}_view", "{t}"), "{t}_new"
    ),
    "empty table": Kind("CREATE TABLE {t}_new (n INTEGER)", "create", {}, (), "{t}_new"),
    "replaced table": Kind(
        "CREATE OR REPLACE TABLE {t} AS SELECT 'other' AS c FROM {t}", "replace", {"inserted": 2}, ("{t}",)
    ),
    "view": Kind("CREATE VIEW {t}_new AS SELECT a FROM {t}", "create", {}, ("{t}",), "{t}_new"),
    "replaced view": Kind("CREATE OR REPLACE VIEW {t}_view AS SELECT b FROM {t}", "create", {}, ("{t}",), "{t}_view"),
    "INSERT VALUES": Kind("INSERT INTO {t} VALUES (3, 'z'), (4, 'z')", "write", {"inserted": 2}),
    "INSERT BY NAME": Kind("INSERT INTO {t} BY NAME SELECT 'z' AS b, 3 AS a", "write", {"inserted": 1}),
    "INSERT SELECT": Kind(
        "INSERT INTO {t} SELECT * FROM {t}_source WHERE a > 2", "write", {"inserted": 1}, ("{t}_source",)
    ),
    "UPDATE": Kind("UPDATE {t} SET b = 'w' WHERE a = 1", "write", {"updated": 1}, ("{t}",)),
    "UPDATE FROM": Kind(
        "UPDATE {t} SET b = s.b FROM {t}_source AS s WHERE {t}.a = s.a",
        "write",
        {"updated": 1},
        ("{t}", "{t}_source"),
    ),
    "DELETE": Kind("DELETE FROM {t} WHERE a = 1", "write", {"deleted": 1}, ("{t}",)),
    "DELETE USING": Kind(
        "DELETE FROM {t} USING {t}_source AS s WHERE {t}.a = s.a", "write", {"deleted": 1}, ("{t}", "{t}_source")
    ),
    "TRUNCATE": Kind("TRUNCATE {t}", "write", {"deleted": 2}, ("{t}",)),
    "MERGE that updates": Kind(
        "MERGE INTO {t} USING {t}_source AS s ON {t}.a = s.a"
        " WHEN MATCHED THEN UPDATE SET b = s.b WHEN NOT MATCHED THEN INSERT VALUES (s.a, s.b)",
        "write",
        {"inserted": 1, "updated": 1},
        ("{t}", "{t}_source"),
    ),
    "MERGE that deletes": Kind(
        "MERGE INTO {t} USING {t}_source AS s USING (a) WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT",
        "write",
        {"inserted": 1, "deleted": 1},
        ("{t}", "{t}_source"),
    ),
    "MERGE of a row that is met twice": Kind(
        "MERGE INTO {t} USING (SELECT 2 AS a, unnest(['m', 'n']) AS b) AS s USING (a)"
        " WHEN MATCHED THEN UPDATE SET b = s.b",
        "write",
        {"updated": 1},
        ("{t}",),
    ),
    "added column": Kind("ALTER TABLE {t} ADD COLUMN c INTEGER DEFAULT 7", "write", {}),
    "dropped column": Kind("ALTER TABLE {t} DROP COLUMN b", "write", {}),
    "renamed column": Kind("ALTER TABLE {t} RENAME COLUMN b TO label", "write", {}),
    "renamed table": Kind("ALTER TABLE {t}_source RENAME TO {t}_new", "rename", {}, (), "{t}_new"),
    "renamed view": Kind("ALTER VIEW {t}_view RENAME TO {t}_new", "rename", {}, (), "{t}_new"),
    "comment of a column": Kind("COMMENT ON COLUMN {t}.b IS 'what it says'", "write", {}),
    "changed comment": Kind(
        "COMMENT ON COLUMN {t}.b IS 'another'", "write", {}, (), "{t}", "COMMENT ON COLUMN {t}.b IS 'one'"
    ),
    "comment of a table": Kind("COMMENT ON TABLE {t} IS 'what it holds'", "write", {}),
    "comment of a view": Kind("COMMENT ON VIEW {t}_view IS 'what it shows'", "write", {}, (), "{t}_view"),
    "dropped table": Kind("DROP TABLE {t}_source", "drop", {}, (), "{t}_source"),
    "dropped view": Kind("DROP VIEW {t}_view", "drop", {}, (), "{t}_view"),
}
THINGS = ("{t}", "{t}_view", "{t}_source")
Server = Callable[[str], RunningServer]


@pytest.fixture(scope="module")
def server_of(start_server: Callable[..., RunningServer]) -> Server:
    """The server of a person of each role, all of one workspace."""
    owner = start_server(person="olga")
    servers = {"owner": owner}

    def server(role: str) -> RunningServer:
        if role not in servers:
            servers[role] = start_server(person=role, role=role, storage=owner.storage)
        return servers[role]

    return server


def run(server: RunningServer, sql: str) -> dict[str, Any]:
    body = server.query(sql, mode="write").json()
    assert body.get("state") == "done", body
    return body


def state(server: RunningServer, names: list[str]) -> dict[str, Any]:
    """What tables hold: columns with their comments, and rows."""
    found = {}
    for name in names:
        table = server.api.get(f"/tables/{name}").json()
        columns = [(column["name"], column["type"], column["comment"]) for column in table["columns"]]
        found[name] = (table["kind"], table["comment"], columns, server.rows(f"FROM {name} ORDER BY ALL"))
    return found


@pytest.fixture
def names(server_of: Server) -> Callable[[str], str]:
    """Makes the tables of a test; returns what puts their names into a statement."""
    name = f"w{uuid.uuid4().hex[:8]}"
    owner = server_of("owner")
    run(owner, f"CREATE TABLE {name} AS {ROWS}")
    run(owner, f"CREATE VIEW {name}_view AS SELECT a FROM {name} WHERE a = 2")
    run(owner, f"CREATE TABLE {name}_source AS {SOURCE}")
    return lambda text: text.format(t=name)


@pytest.mark.parametrize("role", ["owner", "editor"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_write_is_a_version_with_a_receipt_and_can_be_undone(
    server_of: Server, names: Callable[[str], str], kind: str, role: str
):
    case, server = KINDS[kind], server_of(role)
    if case.before:
        run(server, names(case.before))
    things = [names(thing) for thing in THINGS]
    before = state(server, things)
    body = run(server, sql := names(case.sql))
    target = names(case.target)

    wrote = body["wrote"]
    assert {name: wrote[name] for name in NOBODY} == NOBODY | case.told
    assert (wrote["table"], wrote["operation"]) == (target, case.operation)
    if case.operation != "drop":
        assert_version(server, target, body, role, sql)
    assert_commit(server, body, role, sql)
    receipt = server.api.get(f"/queries/{body['id']}/receipt").json()
    assert [table["name"] for table in receipt["tables"]] == [names(name) for name in case.reads]
    assert receipt["wrote"] == wrote

    undone = server.api.post(f"/queries/{body['id']}/undo")
    assert undone.status_code == 200, undone.text
    assert state(server, things) == before
    assert target in things or server.api.get(f"/tables/{target}").status_code == 404


def assert_version(server: RunningServer, target: str, body: dict[str, Any], role: str, sql: str) -> None:
    version = server.api.get(f"/tables/{target}/versions").json()["items"][0]
    person = "olga" if role == "owner" else role
    told = [version[name] for name in ("version", "operation", "query_id", "created_by", "message")]
    assert told == [body["wrote"]["version"], body["wrote"]["operation"], body["id"], person, sql]
    assert version["source"]["receipt"]["sql"] == sql


def assert_commit(server: RunningServer, body: dict[str, Any], role: str, sql: str) -> None:
    """The lake's own snapshot says who and what, for whoever reads it without Deita."""
    with contextlib.closing(sqlite3.connect(server.storage / "lake.sqlite")) as lake:
        told = lake.execute(
            "SELECT author, commit_message FROM ducklake_snapshot_changes WHERE snapshot_id = ?",
            [body["receipt"]["snapshot"]],
        ).fetchall()
    assert told == [("olga" if role == "owner" else role, sql)]


@pytest.mark.parametrize("kind", KINDS)
def test_who_only_looks_changes_nothing(server_of: Server, names: Callable[[str], str], kind: str):
    owner, viewer = server_of("owner"), server_of("viewer")
    things = [names(thing) for thing in THINGS]
    before = state(owner, things)
    for mode, code in (("write", "forbidden"), ("read", "write_mode_required")):
        answer = viewer.query(names(KINDS[kind].sql), mode=mode)
        assert (answer.status_code, answer.json()["code"]) == (403, code)
    assert state(owner, things) == before
    versions = [owner.api.get(f"/tables/{name}/versions").json()["items"] for name in things]
    assert [len(items) for items in versions] == [1, 1, 1]
    assert owner.api.get(f"/tables/{names('{t}_new')}").status_code == 404


def test_who_only_looks_takes_nothing_back(server_of: Server, names: Callable[[str], str]):
    body = run(server_of("owner"), names("INSERT INTO {t} VALUES (3, 'z')"))
    answer = server_of("viewer").api.post(f"/queries/{body['id']}/undo")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert len(server_of("owner").rows(names("FROM {t}"))) == 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE {t} SET b = 'q' WHERE a > 99",
        "DELETE FROM {t} WHERE false",
        "INSERT INTO {t} SELECT * FROM {t} WHERE false",
        "CREATE TABLE IF NOT EXISTS {t} AS SELECT 5 AS n",
        "CREATE TABLE IF NOT EXISTS {t} (n INTEGER)",
        "DROP TABLE IF EXISTS {t}_never",
    ],
)
def test_what_changes_nothing_says_so_and_is_no_version(server_of: Server, names: Callable[[str], str], sql: str):
    body = run(server_of("owner"), names(sql))
    wrote = body["wrote"]
    assert (wrote["version"], wrote["operation"]) == (None, None)
    assert {name: wrote[name] for name in NOBODY} == NOBODY
    assert len(server_of("owner").api.get(names("/tables/{t}/versions")).json()["items"]) == 1


def test_what_only_reads_wrote_nothing(server_of: Server):
    assert server_of("owner").query("SELECT 1").json()["wrote"] is None
