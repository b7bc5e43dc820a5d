from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from deita_engine.guard import judge
from deita_engine.settings import lock, open_instance
from deita_engine.shapes import EngineError

WRITES = {
    "create table x (a int, b varchar)": ("x", "create"),
    "create table x as select 1 as a": ("x", "create"),
    "create or replace table x as from t": ("x", "create"),
    "create table if not exists lake.x (a int)": ("x", "create"),
    'create table "Strange Name" as select 1 as a': ("Strange Name", "create"),
    "create view v as select * from t": ("v", "view"),
    "create or replace view v as select * from t": ("v", "view"),
    "insert into t values (1, 2)": ("t", "append"),
    "insert into lake.main.t (a) select a from u": ("t", "append"),
    "with x as (select 1 as a) insert into t select a, a from x": ("t", "append"),
    "insert into t by name select 1 as a": ("t", "append"),
    "update t set a = 1 where b = 2": ("t", "write"),
    "delete from t where a = 1": ("t", "write"),
    "insert into t select a, trim(both 'x' from 'xax') from u": ("t", "append"),
    "update t set a = extract(year from date '2020-01-01') from u, (select 'x' as k) w where t.a = u.a": ("t", "write"),
    "insert into t values (1, 'x.csv'), (2, '/etc/passwd')": ("t", "append"),
    "truncate t": ("t", "write"),
    "merge into t using u on t.a = u.a when matched then update set b = u.b when not matched then insert": (
        "t",
        "write",
    ),
    "alter table t add column c int": ("t", "alter"),
    "alter table t drop column b": ("t", "alter"),
    "alter table t rename column a to z": ("t", "alter"),
    "alter table t rename to s": ("s", "rename"),
    "drop table t": ("t", "drop"),
    "drop table if exists t": ("t", "drop"),
    "drop view v": ("v", "drop"),
    "comment on table t is 'what it is'": ("t", "comment"),
    "comment on column t.a is 'a column'": ("t", "comment"),
}


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("guard")
    connection = open_instance(folder, 512 * 1024**2, 1)
    for name in ("t", "u"):
        connection.execute(f"CREATE TABLE {name} AS SELECT 1 AS a, 2 AS b, 3 AS c")
    lock(connection, [folder])
    yield connection
    connection.close()


@pytest.mark.parametrize("sql", WRITES)
def test_a_writing_statement_needs_write_mode_and_names_its_table(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        judge(parser, sql, "read")
    assert caught.value.code == "write_mode_required"
    judged = judge(parser, sql, "write")
    assert (judged.target, judged.action) == WRITES[sql]


@pytest.mark.parametrize("sql", ["select 1; select 2", "select 1; drop table t", "pivot t on a using sum(b); select 1"])
def test_two_statements_are_refused(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        judge(parser, sql, "read")
    assert caught.value.code == "multiple_statements"


@pytest.mark.parametrize("sql", ["", "   ", "-- nothing", ";"])
def test_no_statement_is_a_syntax_error(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        judge(parser, sql, "read")
    assert caught.value.code == "query_syntax"


def test_the_tables_of_a_read_are_known(parser: duckdb.DuckDBPyConnection) -> None:
    judged = judge(parser, "with x as (select * from t) select * from x join u using (a)", "read")
    assert {"t", "u"} <= set(judged.tables)
