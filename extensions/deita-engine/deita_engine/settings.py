"""How a DuckDB instance of the engine is opened and locked; the order of the statements matters.

Memory, threads and folders first, then extensions and attached databases (the caller's), then the lock, after which no
statement can change a setting, load anything, or open a file outside the allowed folders.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

import duckdb

SEALED = {
    "allow_persistent_secrets": "false",
    "autoload_known_extensions": "false",
    "autoinstall_known_extensions": "false",
    "allow_unsigned_extensions": "true",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
}
"""What every instance is opened with: nothing is loaded, kept or found by itself.

Extensions are not verified again at each start, 0.13 s of a processor for each: they come from wheels that the lock
names by hash, as DuckDB itself does. No statement of a user's loads any: `guard` and `lock` refuse it.
"""


def open_instance(temporary: Path, memory: int, threads: int, *, private: str = "reader") -> duckdb.DuckDBPyConnection:
    """A fresh in-memory instance that loads nothing by itself and spills into `temporary`."""
    secrets = temporary / "no-secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    spill = temporary / private
    connection = duckdb.connect(
        ":memory:",
        config={
            **SEALED,
            "threads": threads,
            "memory_limit": f"{memory // 1024}KiB",
            "temp_directory": str(spill),
            "secret_directory": str(secrets),
        },
    )
    connection.execute("SET GLOBAL parquet_metadata_cache = true")
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    return connection


def lock(
    connection: duckdb.DuckDBPyConnection,
    folders: Iterable[Path | str],
    files: Iterable[Path] = (),
    settable: Iterable[str] = (),
) -> None:
    """Close the instance: only these folders and files can be opened, no setting but those of `settable` changed."""
    allowed: tuple[tuple[str, Iterable[Path | str]], ...] = (
        ("allowed_directories", folders),
        ("allowed_paths", files),
        ("allowed_configs", settable),
    )
    for name, paths in allowed:
        listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
        if listed:
            connection.execute(f"SET {name} = [{listed}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def loaded_extensions(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The versions of an instance's extensions by name; those without one of their own have DuckDB's."""
    loaded = "SELECT extension_name, extension_version FROM duckdb_extensions() WHERE loaded ORDER BY 1"
    return {name: version or f"v{duckdb.__version__}" for name, version in connection.execute(loaded).fetchall()}


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension straight from its wheel: nothing is downloaded, copied or written to the home folder."""
    spec = importlib.util.find_spec(f"duckdb_extension_{name}")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError(f"the package duckdb-extension-{name.replace('_', '-')} is not installed")
    root = Path(spec.submodule_search_locations[0])
    file = root / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
    if not file.exists():
        raise RuntimeError(f"duckdb-extension-{name.replace('_', '-')} was not made for DuckDB {duckdb.__version__}")
    connection.execute(f"LOAD '{str(file).replace(chr(39), chr(39) * 2)}'")
