"""Saved queries by the client, against a real data plane."""

from __future__ import annotations

import datetime
import decimal
import json
from typing import TYPE_CHECKING

import deita
import pytest
import urllib3

if TYPE_CHECKING:
    from kernels.conftest import DataPlane

SQL = "SELECT id FROM saved_items WHERE day >= $since AND price <= $most AND id IN $ids ORDER BY id"


@pytest.fixture(scope="module")
def items(near: deita.Workspace) -> None:
    near.write(
        "CREATE TABLE saved_items AS SELECT i::INTEGER AS id, DATE '2025-01-01' + i::INTEGER AS day,"
        " i::DECIMAL(8,2) AS price FROM range(5) t(i)"
    )


@pytest.mark.usefixtures("items")
def test_a_statement_is_saved_run_and_found_again(near: deita.Workspace) -> None:
    ids = {"type": "INTEGER[]", "default": [0, 1, 2, 3]}
    saved = near.save("Items of a day", SQL, description="All of them", params={"ids": ids, "most": "DECIMAL(8,2)"})
    assert (saved.slug, saved.version, saved.description) == ("items-of-a-day", 1, "All of them")
    assert [(param.name, param.type, param.required) for param in saved.params] == [
        ("since", "DATE", True),
        ("most", "DECIMAL(8,2)", True),
        ("ids", "INTEGER[]", False),
    ]
    result = saved.run(since=datetime.date(2025, 1, 2), most=decimal.Decimal("3.00"))
    assert result.fetchall() == [(1,), (2,), (3,)]
    assert near.query("items-of-a-day", since="2025-01-02", most=3, ids=[2, 4]).fetchall() == [(2,)]
    assert near.query("Items of a day", since="2025-01-02", most=3, limit=1).fetchall() == [(1,)]
    assert "items-of-a-day" in [one.slug for one in near.saved()]


def test_the_same_name_again_is_a_version_and_versions_come_back(near: deita.Workspace) -> None:
    first = near.save("Counted", "SELECT 1 AS n", message="one")
    second = near.save("Counted", "SELECT 2 AS n", message="two")
    assert (second.slug, second.version) == (first.slug, 2)
    assert [(one.version, one.message) for one in second.versions()] == [(2, "two"), (1, "one")]
    assert first.restore(1).run().fetchall() == [(1,)]
    assert near.saved("counted").change(sql="SELECT 3 AS n").version == 4
    with pytest.raises(deita.DeitaError) as caught:
        second.change(sql="SELECT 4 AS n")
    assert caught.value.code == "saved_query_changed"
    second.delete()
    with pytest.raises(deita.DeitaError) as gone:
        near.saved("counted")
    assert gone.value.code == "saved_query_not_found"
    assert first.restore(2).run().fetchall() == [(2,)]


def test_what_is_wrong_is_shown_at_its_place(near: deita.Workspace) -> None:
    with pytest.raises(deita.QueryError) as caught:
        near.save("Wrong", "SELECT 1,\n  nope")
    assert (caught.value.code, caught.value.line, caught.value.column) == ("query_binding", 2, 3)
    near.save("Of a day", "SELECT $day::DATE AS day")
    for params in ({}, {"day": "soon"}, {"dya": "2025-01-01"}):
        with pytest.raises(deita.DeitaError) as bad:
            near.query("of-a-day", **params)
        assert bad.value.code == "bad_parameter"


def test_its_address_gives_the_result(near: deita.Workspace, data_plane: DataPlane) -> None:
    saved = near.save("Addressed", 'SELECT $on AS "on", len($ids) AS n', params={"on": "BOOLEAN", "ids": "BIGINT[]"})
    address = saved.url("json", on=True, ids=[1, 2, 3])
    answer = urllib3.request("GET", address, headers={"Authorization": f"Bearer {data_plane.token}"})
    assert json.loads(answer.data) == [{"on": True, "n": 3}]
