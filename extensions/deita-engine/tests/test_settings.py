"""A locked instance loads nothing, wherever the extension lies."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import duckdb
import pytest
from deita_engine.settings import load_extension, lock, open_instance


@pytest.fixture(scope="module")
def extension(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An extension that could be loaded, in a folder that may be opened."""
    spec = importlib.util.find_spec("duckdb_extension_sqlite_scanner")
    assert spec and spec.submodule_search_locations
    (file,) = Path(spec.submodule_search_locations[0]).rglob("*.duckdb_extension")
    return Path(shutil.copy(file, tmp_path_factory.mktemp("openable")))


@pytest.fixture
def locked(extension: Path) -> duckdb.DuckDBPyConnection:
    connection = open_instance(extension.parent, 2**28, 1)
    load_extension(connection, "ducklake")
    lock(connection, [extension.parent])
    return connection


@pytest.mark.parametrize("statement", ["LOAD '{file}'", "LOAD sqlite_scanner", "INSTALL '{file}'", "INSTALL httpfs"])
def test_a_locked_instance_loads_no_extension(
    locked: duckdb.DuckDBPyConnection, extension: Path, statement: str
) -> None:
    with pytest.raises(duckdb.PermissionException):
        locked.execute(statement.format(file=extension))


def test_the_extension_would_load_if_it_was_not_locked(extension: Path) -> None:
    with open_instance(extension.parent, 2**28, 1) as connection:
        connection.execute(f"LOAD '{extension}'")
        name = "SELECT extension_name FROM duckdb_extensions() WHERE loaded AND extension_name LIKE 'sqlite%'"
        assert connection.execute(name).fetchall() == [("sqlite_scanner",)]
