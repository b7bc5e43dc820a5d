"""Files of every format, read by a real engine."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deita_engine.client import Run
from deita_engine.formats.limits import Limits
from deita_engine.formats.registry import opened, preview

Load = Callable[..., Awaitable[Run]]


class Loaded:
    """An import that is over, and a way to ask for its rows."""

    def __init__(self, run: Run, query: Callable[..., Awaitable[Run]]) -> None:
        self.run, self.query = run, query

    @property
    def rejects(self) -> list[dict[str, Any]]:
        """The rejects, in their order."""
        return [json.loads(line) for line in self.run.rejects.read_text().splitlines()] if self.run.rejects else []

    @property
    def types(self) -> dict[str, str]:
        """The columns' types by name."""
        assert self.run.commit, self.run.error
        return {column.name: column.type for column in self.run.commit.columns}

    @property
    def code(self) -> str | None:
        """The error's code."""
        return self.run.error.code if self.run.error else None

    async def rows(self, sql: str = "from t") -> list[Any]:
        """What a query answers."""
        assert self.run.state == "done", self.run.error
        run = await self.query(sql)
        assert run.state == "done", run.error
        return list(json.loads(run.first_page or b""))


@pytest.fixture
def table(
    load: Callable[..., Awaitable[Run]], query: Callable[..., Awaitable[Run]]
) -> Callable[..., Awaitable[Loaded]]:
    """`await table(file, **recipe)` imports a file as `t`."""

    async def read(file: Path, **recipe: Any) -> Loaded:
        return Loaded(await load(file, "t", mode="replace", recipe=recipe), query)

    return read


class Work:
    """An operation that nobody interrupts."""

    def check(self) -> None:
        """Go on."""

    def uses(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        """Nothing to interrupt."""


@pytest.fixture
def previewed(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """`previewed(file, **recipe)` shows what a file would become."""

    def look(file: Path, **recipe: Any) -> dict[str, Any]:
        with opened(Work(), file, recipe, tmp_path / "temporary", Limits(1024**3, 2)) as reading:
            found = preview(reading)
        assert list((tmp_path / "temporary").glob("reading-*/plain")) == []
        return found

    return look
