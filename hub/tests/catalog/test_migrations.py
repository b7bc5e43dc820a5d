"""The catalog's migrations, up from every earlier revision and down again, with data in every table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import deita_hub.catalog
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from deita_hub.catalog import postgres, sqlite
from sqlalchemy import Engine, inspect

from tests.filled import counts, fill

pytestmark = pytest.mark.backends
CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(deita_hub.catalog.__file__).parent / "migrations"))
REVISIONS = [script.revision for script in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]


@pytest.fixture
def engine(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    if backend == "embedded":
        found = sqlite.open_engine(f"sqlite:///{tmp_path}/catalog.sqlite")
    else:
        found = postgres.open_engine(request.getfixturevalue("postgres").database())
    yield found
    found.dispose()


def go(engine: Engine, step: Any, revision: str) -> None:
    """One command of Alembic in a transaction as `Catalog.migrate` has it."""
    backend = sqlite if engine.dialect.name == "sqlite" else postgres
    with backend.migrating(engine) as connection:
        config = Config()
        config.set_main_option("script_location", CONFIG.get_main_option("script_location") or "")
        config.attributes["connection"] = connection
        step(config, revision)


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_every_revision_survive_the_way_up_and_back(engine: Engine, revision: str) -> None:
    writer = engine.execution_options(deita_write=True)
    go(engine, command.upgrade, revision)
    with writer.begin() as connection:
        fill(connection)
        before = counts(connection)
    assert before and set(before.values()) == {1}
    go(engine, command.upgrade, "head")
    with writer.begin() as connection:
        assert counts(connection).items() >= before.items()
        fill(connection)
    go(engine, command.downgrade, revision)
    with engine.begin() as connection:
        assert counts(connection) == before


def test_the_way_down_leaves_nothing(engine: Engine) -> None:
    go(engine, command.upgrade, "head")
    with engine.execution_options(deita_write=True).begin() as connection:
        fill(connection)
    go(engine, command.downgrade, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
