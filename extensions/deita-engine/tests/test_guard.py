from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from deita_engine.guard import judge
from deita_engine.settings import lock, open_instance
from deita_engine.shapes import EngineError

FRIENDLY = """
select 1
select 1;
SELECT * FROM t
select a, b from t where a > 1 order by b desc limit 3
select count(*) filter (where a > 1) from t
select a, sum(b) from t group by all having sum(b) > 2
select distinct on (a) * from t order by b
select * exclude (a) from t
select * replace (a + 1 as a) from t
select columns('a|b') from t
from t
from t select a
values (1, 'x'), (2, 'y')
table t
with x as (select 1 as a) select * from x
with x as materialized (from t) from x join t using (a)
with recursive r(n) as (select 1 union all select n + 1 from r where n < 5) select * from r
select * from t union all by name select * from t
select * from t intersect select * from t except select * from t
select * from (select 1 as z) s, lateral (select s.z + 1)
select * from t asof join u on t.a = u.a and t.b >= u.b
select * from t positional join u
select * from t semi join u using (a)
select row_number() over (partition by a order by b rows between 1 preceding and current row) from t
select *, lag(b) over w from t window w as (order by a) qualify row_number() over w = 1
select * from t tablesample 10%
select * from range(10)
select * from generate_series(1, 10, 2)
select unnest([1, 2, 3])
select * from unnest([1, 2, 3]) as x(n)
select list_transform([1, 2], x -> x + 1), [y * 2 for y in [1, 2]]
select {'a': 1, 'b': [1, 2]} as s
select map {'x': 1}['x']
select json_extract('{"a": 1}', '$.a'), '{"a": 1}'::json ->> 'a'
select * from json_each('{"a": 1}')
select strftime(date '2024-01-01', '%Y'), date_trunc('month', now())
select regexp_replace('abc', 'b', 'x'), upper('a'), format('{}', 1)
select cast('2024-01-01' as date), try_cast('x' as int), '1'::int
select case when a = 1 then 'one' else 'more' end from t
select exists (select 1 from t), a in (select a from u) from t
select (select max(a) from t)
select any_value(a), median(b), quantile_cont(b, 0.9), mode(a) from t
select approx_count_distinct(a), histogram(a) from t
select $year, $name
select ?, ?
select * from t where a = $a and b between $lo and $hi
select 'it''s; fine', $$dollar; quoted$$
select 1 -- a comment; with a semicolon
/* leading; comment */ select 2
select "a" as "Strange Name; really" from "t"
select * from main.t
pivot t on a using sum(b)
pivot t on a in (1, 2) using sum(b) group by b
select * from (pivot t on a in (1, 2) using sum(b))
unpivot t on a, b into name n value v
summarize t
summarize select * from t
describe t
describe select a from t
show tables
from (describe t)
explain select * from t
explain analyze select count(*) from t
explain (format json) select 1
select from_base64('eA=='), from_hex('00'), base64('x'::blob)
select json_group_array(a), to_json({'x': 1}) from t
select a.b.c from (select {'b': {'c': 1}} as a)
select from_json('{"a": 1}', '{"a": "INTEGER"}')
select typeof(a), hash(a), md5('x'), sha256('x'), uuid() from t
select trim(both 'x' from 'xax'), extract(year from date '2024-01-01'), position('a' in 'ba')
select parquet_scan from (select 1 as parquet_scan)
select query from (select 'q' as query)
select "read_csv" from (select 1 as "read_csv")
select version()
""".strip().splitlines()

HOSTILE = """
select * from '/etc/passwd'
select * from 'data.csv'
from 'x.parquet'
select * from "/etc/passwd"
select * from read_csv('/etc/passwd')
from read_csv_auto('/etc/passwd')
select * from read_text('/etc/passwd')
select * from read_blob('/etc/*')
select * from read_json('/tmp/x.json')
select * from read_parquet('lake/*.parquet')
select * from parquet_metadata('x.parquet')
select * from glob('/etc/*')
select * from sniff_csv('/etc/passwd')
select * from sqlite_scan('/x.sqlite', 't')
select * from postgres_scan('host=x', 'public', 't')
select * from postgres_query('lake', 'select 1')
select * from sqlite_query('lake', 'select 1')
select * from ducklake_list_files('lake', 't')
select * from query('select 1')
select * from query_table('t')
select * from duckdb_settings()
select * from duckdb_secrets()
select * from duckdb_databases()
select * from duckdb_settings
select * from pragma_database_list
select * from pragma_version()
select * from sqlite_master
select * from information_schema.tables
select * from pg_catalog.pg_class
select * from system.information_schema.tables
select * from other.main.t
select current_setting('secret_directory')
select getenv('HOME')
select getvariable('x')
select (select (select current_setting('temp_directory')))
select a from t where getenv('HOME') = 'x'
select a from t order by getenv('HOME')
with x as (select * from read_text('/etc/passwd')) select 1
select * from t where a in (select a from read_csv('/etc/passwd'))
select json_execute_serialized_sql('{}')
select * from json_execute_serialized_sql('{}')
select * from t, 'x.csv'
select * from t join '/etc/passwd' on true
select * from arrow_scan(1, 2, 3)
select * from pandas_scan(1)
select * from enable_logging()
select * from enable_profiling()
select * from checkpoint()
select write_log('x')
select * from which_secret('s3://x', 's3')
describe select * from read_csv('/etc/passwd')
describe '/etc/passwd'
summarize 'x.csv'
summarize select * from read_csv('/etc/passwd')
explain select * from read_csv('/etc/passwd')
explain analyze select * from read_csv('/etc/passwd')
explain analyze copy (select 1) to '/tmp/x'
pivot 'x.csv' on a using sum(b)
pivot (from read_csv('/etc/passwd')) on a using count(*)
pivot t on a using max(getenv('HOME'))
select * from (pivot read_csv('x') on a in (1) using sum(b))
unpivot 'x.csv' on a into name n value v
show databases
show all tables
set memory_limit = '1TB'
reset memory_limit
pragma database_list
pragma version
call pragma_version()
call enable_logging(storage_path => '/tmp/x')
copy t to '/tmp/x.csv'
copy t from '/tmp/x.csv'
copy (select 1) to 'x.parquet'
export database '/tmp/x'
import database '/tmp/x'
attach '/tmp/x.db' as x
attach 'sqlite:/tmp/x.db'
detach lake
use lake
load sqlite
install httpfs
force install httpfs
prepare p as select 1
execute p
deallocate p
begin
commit
vacuum
checkpoint
create temp table x as select 1 -- read mode
""".strip().splitlines()

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

HOSTILE_WRITES = """
create table x as select * from read_csv('/etc/passwd')
create table x as select * from sqlite_scan('/x', 't')
create table x as from '/etc/passwd'
create table x as from "/etc/passwd"
create table x as select getenv('HOME')
create view v as select * from read_text('/etc/passwd')
create view v(a) as select * from 'x.csv'
create table x as select * from sqlite_master
create table x as pivot 'x.csv' on a using sum(b)
insert into t select * from read_csv('/etc/passwd')
insert into t select a, getenv('HOME') from u
insert into t from 'x.csv'
insert into t select * from u, 'x.csv'
insert into t select * from u, 'x.csv' on conflict do nothing
update t set a = 1 from u, 'x.csv'
delete from t using u, 'x.csv'
delete from t where a in (select a from u, 'x.csv')
update t set a = 1 from (u join 'x.csv' on true)
update t set a = 1 from ('x.csv')
insert into t values ((select content from read_text('/etc/passwd')))
insert into other.main.t values (1)
insert into __ducklake_metadata_lake.main.ducklake_snapshot values (1)
update t set a = (select count(*) from glob('/etc/*'))
update t set a = u.a from read_csv('x') u
update __ducklake_metadata_lake.ducklake_table set table_name = 'x'
delete from t using read_csv('x') u where t.a = u.a
delete from t where b in (select * from postgres_query('lake', 'drop table x'))
delete from __ducklake_metadata_lake.ducklake_snapshot
merge into t using 'x.csv' as u on t.a = u.a when matched then delete
merge into t using read_csv('x') as u on t.a = u.a when matched then delete
drop table __ducklake_metadata_lake.ducklake_table
drop schema main cascade
drop table a, b
create schema s
create sequence s
create type e as enum ('a')
create macro f(a) as a
create index i on t (a)
create secret s (type s3)
create temp table x as select 1
create temporary view v as select 1
alter table t alter column a type varchar
alter table t set partitioned by (a)
alter database lake rename to x
copy t to 'x.csv'
attach 'x.db'
call lake.set_commit_message('other', 'x')
call ducklake_expire_snapshots('lake', older_than => now())
call ducklake_add_data_files('lake', 't', '/etc/passwd')
set threads = 1
pragma table_info('t')
load httpfs
insert into t select * from t; drop table t
begin
explain insert into t values (1, 2)
select * from read_csv('/etc/passwd')
""".strip().splitlines()


@pytest.fixture(scope="module")
def parser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder: Path = tmp_path_factory.mktemp("guard")
    connection = open_instance(folder, 512 * 1024**2, 1)
    for name in ("t", "u"):
        connection.execute(f"CREATE TABLE {name} AS SELECT 1 AS a, 2 AS b, 3 AS c")
    lock(connection, [folder])
    yield connection
    connection.close()


@pytest.mark.parametrize("sql", FRIENDLY)
def test_a_friendly_read_passes_and_runs(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    assert not judge(parser, sql, "read").writes
    if "$" not in sql.replace("$$", "").replace("'$.a'", "") and "?" not in sql:
        cursor = parser.cursor()
        cursor.execute(sql)
        cursor.close()


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_hostile_statement_is_refused_in_read_mode(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        judge(parser, sql, "read")
    assert caught.value.code in ("not_allowed", "write_mode_required", "query_syntax")


@pytest.mark.parametrize("sql", WRITES)
def test_a_writing_statement_needs_write_mode_and_names_its_table(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        judge(parser, sql, "read")
    assert caught.value.code == "write_mode_required"
    judged = judge(parser, sql, "write")
    assert (judged.target, judged.action) == WRITES[sql]


@pytest.mark.parametrize("sql", HOSTILE_WRITES)
def test_a_hostile_statement_is_refused_in_write_mode(parser: duckdb.DuckDBPyConnection, sql: str) -> None:
    with pytest.raises(EngineError) as caught:
        judge(parser, sql, "write")
    assert caught.value.code in ("not_allowed", "multiple_statements", "query_syntax", "write_mode_required")


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
