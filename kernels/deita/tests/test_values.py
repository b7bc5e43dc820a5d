from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pytest
from deita.values import is_number, read_rows

ID = "4ac7a9e9-607c-4c8a-84f3-843f0191e3fd"


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("BIGINT", "9007199254740993", 9007199254740993),
        ("HUGEINT", "170141183460469231731687303715884105727", 2**127 - 1),
        ("DECIMAL(18,3)", "1.500", Decimal("1.500")),
        ("DOUBLE", "-inf", float("-inf")),
        ("DATE", "2013-01-31", datetime.date(2013, 1, 31)),
        ("TIME", "05:15:00", datetime.time(5, 15)),
        ("TIMESTAMP", "2013-01-31T05:15:00", datetime.datetime(2013, 1, 31, 5, 15)),
        (
            "TIMESTAMP WITH TIME ZONE",
            "2013-01-31T05:15:00+00:00",
            datetime.datetime(2013, 1, 31, 5, 15, tzinfo=datetime.UTC),
        ),
        ("BLOB", "AAH/", b"\x00\x01\xff"),
        ("UUID", ID, uuid.UUID(ID)),
        ("VARCHAR", "2013-01-31", "2013-01-31"),
        ("BOOLEAN", True, True),
        ("INTEGER[]", [1, None], [1, None]),
        ("DATE", "infinity", "infinity"),
        ("INTEGER", None, None),
    ],
)
def test_a_json_value_becomes_the_python_value_of_its_type(type_name: str, value: object, expected: object) -> None:
    assert read_rows([type_name], [[value]]) == [(expected,)]


@pytest.mark.parametrize(
    ("type_name", "expected"),
    [("DECIMAL(4,1)", True), ("UBIGINT", True), ("FLOAT", True), ("VARCHAR", False), ("INTEGER[]", False)],
)
def test_numbers_are_known_by_their_type(type_name: str, expected: bool) -> None:
    assert is_number(type_name) is expected
