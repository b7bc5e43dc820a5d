from __future__ import annotations

from typing import Any

import pytest
from deita_server.errors import DeitaError
from deita_server.services.queries.parameters import read_value

from ...workspace_server import RunningServer

READ = [
    ("VARCHAR", "x' OR 1", "x' OR 1"),
    ("INTEGER", 2025, 2025),
    ("INTEGER", " -7 ", -7),
    ("BIGINT", "9007199254740993", 9007199254740993),
    ("DOUBLE", "1.5", 1.5),
    ("DOUBLE", 2, 2.0),
    ("DECIMAL(10,2)", 12.5, "12.50"),
    ("DECIMAL(10,2)", "99999999.99", "99999999.99"),
    ("DECIMAL", "1E3", "1000.000"),
    ("BOOLEAN", "True", True),
    ("BOOLEAN", "0", False),
    ("DATE", "2025-01-31", "2025-01-31"),
    ("TIMESTAMP", "2025-01-31T18:00:00+02:00", "2025-01-31T16:00:00"),
    ("TIMESTAMP", "2025-01-31", "2025-01-31T00:00:00"),
    ("BIGINT[]", ["1", 2, None], [1, 2, None]),
    ("DATE", None, None),
]
NOT_READ = [
    ("VARCHAR", 5),
    ("INTEGER", 5.7),
    ("INTEGER", "5.0"),
    ("INTEGER", 2**31),
    ("INTEGER", True),
    ("BIGINT", "²"),
    ("BIGINT", 2**63),
    ("DOUBLE", "nan"),
    ("DOUBLE", "1e400"),
    ("DECIMAL(10,2)", "12.345"),
    ("DECIMAL(4,2)", "100"),
    ("DECIMAL(10,2)", "ten"),
    ("DECIMAL(10,2)", "1e999999"),
    ("BOOLEAN", "maybe"),
    ("DATE", "31.01.2025"),
    ("DATE", "2025-02-29"),
    ("TIMESTAMP", "yesterday"),
    ("BIGINT[]", 1),
    ("BIGINT[]", ["x"]),
    ("DATE[]", ["2025-01-01"] * 1001),
]


@pytest.mark.parametrize(("kind", "given", "value"), READ)
def test_a_value_has_one_form(kind: str, given: Any, value: Any):
    found = read_value("x", kind, given)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(("kind", "given"), NOT_READ)
def test_what_is_not_of_the_type_is_refused_with_its_name(kind: str, given: Any):
    with pytest.raises(DeitaError) as caught:
        read_value("x", kind, given)
    assert caught.value.code == "bad_parameter"
    assert caught.value.message.startswith("x must be ")
    assert caught.value.details["name"] == "x"


def test_a_type_decides_what_a_parameter_is(workspace: RunningServer):
    params = {"Day": "2025-01-31", "price": "1.50", "n": 2, "items": [1, 2], "none": None, "free": 3}
    types = {"day": "DATE", "price": "decimal(10, 2)", "n": "double", "items": "BIGINT[]", "none": "DATE"}
    sql = "SELECT typeof($day), typeof($price), typeof($n), typeof($items), 2 IN $items, $none IS NULL, typeof($free)"
    body = workspace.query(sql, params=params, param_types=types).json()
    assert body["rows"] == [["DATE", "DECIMAL(10,2)", "DOUBLE", "BIGINT[]", True, True, "INTEGER"]]
    assert body["receipt"]["params"] == {**params, "n": 2.0}
    assert body["receipt"]["param_types"] == {**types, "price": "DECIMAL(10,2)", "n": "DOUBLE"}


def test_a_parameter_of_another_type_is_refused(workspace: RunningServer):
    answer = workspace.query("SELECT $day", params={"day": "soon"}, param_types={"day": "DATE"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter")
    assert answer.json()["details"] == {"name": "day", "type": "DATE", "value": "soon"}
    unknown = workspace.query("SELECT $day", params={"day": "soon"}, param_types={"day": "ENUM('a')"})
    assert unknown.json()["details"]["fields"][0]["field"] == "param_types.day"


def test_a_decimal_wider_than_duckdb_has_is_refused_and_the_engine_goes_on(workspace: RunningServer):
    for kind in ("DECIMAL(40,2)", "DECIMAL(10,12)", "DECIMAL(0,0)"):
        answer = workspace.query("SELECT $x", params={"x": "1"}, param_types={"x": kind})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert workspace.rows("SELECT 1") == [[1]]
