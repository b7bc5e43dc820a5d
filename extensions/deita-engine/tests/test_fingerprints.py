from __future__ import annotations

import random

import duckdb
import pyarrow as pa
import pytest
from deita_engine.fingerprints import Hashes, hashes_of
from deita_engine.ordering import is_ordered
from deita_engine.shapes import Column

EVERYTHING = """SELECT range::HUGEINT h, range % 3 = 0 b, range / 7 x, (range / 7)::FLOAT f, range::DECIMAL(9, 2) d,
    CASE WHEN range % 5 > 0 THEN 'text ' || range END AS t, DATE '2026-01-01' + range::INTEGER AS day,
    TIMESTAMPTZ '2026-01-01' + to_seconds(range) AS moment, to_months(range::INTEGER) AS i, [range, NULL] AS l,
    {'a': range} AS s, MAP {'k': range} AS m, encode('b' || range) AS blob,
    (CASE WHEN range % 2 = 0 THEN 'a' ELSE 'b' END)::ENUM('a', 'b') e, NULL n FROM range(100)"""


def rows_of(sql: str) -> tuple[tuple[Column, ...], pa.Table]:
    with duckdb.connect() as connection:
        table = connection.execute(sql).to_arrow_table()
    return tuple(Column(field.name, str(field.type)) for field in table.schema), table


def hashed(sql: str, *, ordered: bool = False) -> Hashes:
    columns, table = rows_of(sql)
    return hashes_of(columns, table.to_batches(), ordered=ordered)


@pytest.mark.parametrize("ordered", [False, True])
def test_batches_make_no_difference(ordered: bool):
    columns, table = rows_of(EVERYTHING)
    found = {hashes_of(columns, table.to_batches(max_chunksize=size), ordered=ordered) for size in (1, 7, 100)}
    assert len(found) == 1


def test_the_order_of_rows_counts_only_where_it_was_asked_for():
    columns, table = rows_of(EVERYTHING)
    shuffled = table.take(random.Random(1).sample(range(100), 100))
    for ordered in (False, True):
        before = hashes_of(columns, table.to_batches(), ordered=ordered)
        after = hashes_of(columns, shuffled.to_batches(), ordered=ordered)
        assert (before.result == after.result) is not ordered
        assert before.loose == after.loose


@pytest.mark.parametrize(
    "other",
    [
        "SELECT 1 a, 'y' b",
        "SELECT 1 a, NULL b",
        "SELECT 1 a, '' b",
        "SELECT 1::BIGINT a, 'x' b",
        "SELECT 1 other, 'x' b",
        "SELECT 1 a, 'x' b UNION ALL SELECT 1, 'x'",
        "SELECT 1 a, 'x' b WHERE false",
    ],
)
def test_any_other_value_type_name_or_count_is_another_hash(other: str):
    assert hashed("SELECT 1 a, 'x' b") != hashed(other)


def test_values_are_not_taken_for_their_neighbours():
    assert hashed("SELECT 'ab' a, 'c' b").result != hashed("SELECT 'a' a, 'bc' b").result
    assert hashed("SELECT '' a, NULL b").result != hashed("SELECT NULL a, '' b").result


def test_the_loose_hash_overlooks_the_last_digits_of_floating_point_numbers():
    one, other = hashed("SELECT 0.1::DOUBLE + 0.2::DOUBLE a"), hashed("SELECT 0.3::DOUBLE a")
    assert one.result != other.result
    assert one.loose == other.loose
    assert one.loose != hashed("SELECT 0.3001::DOUBLE a").loose


def test_the_hash_is_the_one_that_the_docs_define():
    """Whoever follows the definition with other means must come to the same."""
    import hashlib

    row = (4).to_bytes(4, "little") + (7).to_bytes(4, "little") + (2).to_bytes(4, "little") + b"hi" + b"\xff" * 4
    digest = hashlib.sha256(row).digest()
    head = b'[["a","int32"],["b","string"],["c","string"]]\nunordered\n1\n'
    assert hashed("SELECT 7::INTEGER a, 'hi' b, NULL::VARCHAR c").result == hashlib.sha256(head + digest).hexdigest()


@pytest.mark.parametrize(
    ("sql", "ordered"),
    [
        ("SELECT 1 ORDER BY 1", True),
        ("WITH a AS (SELECT 1 ORDER BY 1) SELECT * FROM a", False),
        ("SELECT row_number() OVER (ORDER BY x) FROM t", False),
        ("FROM t SELECT x order /* by */ by x LIMIT 3", True),
        ("SELECT 'ORDER BY' FROM t", False),
        ('SELECT "ORDER" BY', False),
    ],
)
def test_order_by_outside_of_parentheses_orders(sql: str, ordered: bool):
    assert is_ordered(sql) is ordered
