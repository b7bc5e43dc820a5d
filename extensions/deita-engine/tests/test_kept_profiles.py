from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from deita_engine import kept_profiles
from deita_engine.catalog import LakeTable, LakeView, Snapshot
from deita_engine.dependencies import Dependencies
from deita_engine.kept_profiles import KeptProfiles
from deita_engine.shapes import Column
from deita_engine.stability import Stability

BELOW = LakeTable(1, "below", (Column("a", "BIGINT"),), ())
OTHER = LakeTable(2, "other", (Column("a", "BIGINT"),), ())
VIEWS = (
    LakeView("above", "SELECT a FROM below"),
    LakeView("top", "SELECT a FROM above"),
    LakeView("clock", "SELECT a, now() FROM below"),
    LakeView("over_clock", "SELECT * FROM clock"),
)
SNAPSHOT = Snapshot(7, (BELOW, OTHER), VIEWS)


class Finder:
    """Finds profiles and counts them."""

    def __init__(self) -> None:
        self.found = 0

    def __call__(self) -> dict[str, Any]:
        self.found += 1
        return {"rows": self.found, "columns": []}


@pytest.fixture
def ask() -> Callable[..., int]:
    """`ask(view, snapshot)` returns how many profiles were found so far."""
    connection, find = duckdb.connect(), Finder()
    kept = KeptProfiles(Dependencies(), Stability(connection))

    def asked(view: str, snapshot: Snapshot = SNAPSHOT) -> int:
        kept.of(connection, view, snapshot, find)
        return find.found

    return asked


def test_the_profile_of_a_view_is_found_once_for_the_rows_that_it_reads(ask: Callable[..., int]) -> None:
    assert [ask("top"), ask("top")] == [1, 1]
    elsewhere = replace(SNAPSHOT, id=8, tables=(BELOW, replace(OTHER, columns=())))
    assert ask("top", elsewhere) == 1
    below = replace(SNAPSHOT, id=9, tables=(replace(BELOW, columns=(Column("a", "VARCHAR"),)), OTHER))
    assert [ask("top", below), ask("top", below), ask("top")] == [2, 2, 2]
    changed = replace(SNAPSHOT, views=(LakeView("above", "SELECT a + 1 AS a FROM below"), *VIEWS[1:]))
    assert ask("top", changed) == 3


def test_a_view_with_a_clock_in_it_is_profiled_each_time(ask: Callable[..., int]) -> None:
    assert [ask("clock"), ask("clock"), ask("over_clock"), ask("over_clock")] == [1, 2, 3, 4]


def test_the_oldest_make_room(ask: Callable[..., int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_profiles, "MAX_BYTES", 60)  # two of them
    assert [ask("above"), ask("top"), ask("above")] == [1, 2, 2]
    assert ask("top", replace(SNAPSHOT, tables=())) == 3
    assert [ask("above"), ask("top")] == [3, 4]
