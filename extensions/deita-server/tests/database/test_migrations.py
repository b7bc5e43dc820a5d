"""The workspace database's migrations, up from every earlier revision and down again, with data in every table."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from deita_server.database import migrations
from deita_server.database.migrations import HEAD, downgrade, upgrade
from deita_server.database.models import Base
from sqlalchemy import Engine, inspect

from tests.filled import counts, fill

from .backends import backend_of

pytestmark = pytest.mark.backends
CONFIG = Config()
CONFIG.set_main_option("script_location", str(Path(migrations.__file__).parent))
REVISIONS = [script.revision for script in ScriptDirectory.from_config(CONFIG).walk_revisions()][::-1]
FORGOTTEN = {"0003": {"table_versions", "tables", "marks"}, "0002": {"rejects"}}
"""Tables that a revision empties on its way up: an index is made anew, rejects became files."""


@pytest.fixture
async def engine(backend: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    found = backend_of(backend, tmp_path, request)
    await found.prepare()
    engine = found.engine(1)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_every_revision_survive_the_way_up_and_back(engine: Engine, revision: str):
    with engine.begin() as connection:
        upgrade(connection, revision)
        fill(connection)
        before = counts(connection)
    emptied = set().union(*(tables for since, tables in FORGOTTEN.items() if since > revision))
    kept = {table: count for table, count in before.items() if table not in emptied}
    assert kept and set(kept.values()) == {1}
    with engine.begin() as connection:
        upgrade(connection)
        assert counts(connection).items() >= kept.items()
        fill(connection)
    with engine.begin() as connection:
        downgrade(connection, revision)
        assert counts(connection).items() >= {t: n for t, n in kept.items() if t not in FORGOTTEN["0003"]}.items()


def test_the_way_down_leaves_nothing(engine: Engine):
    with engine.begin() as connection:
        upgrade(connection)
        fill(connection)
    with engine.begin() as connection:
        downgrade(connection, "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]


def test_the_migrations_make_exactly_the_tables_of_the_models(engine: Engine):
    assert REVISIONS[-1] == HEAD
    with engine.begin() as connection:
        upgrade(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
