"""The lake's Parquet files in a bucket: uploaded by us, read by DuckDB's httpfs with a secret for this one prefix.

The files never change, so that DuckDB may keep what it read of them in its own cache (`enable_external_file_cache`:
in memory, within the memory limit) and need not ask whether it is still true. What was written here is kept on disk,
too, for the engines to come, within a bound. What was not is never fetched whole: the first query on a wide table would
wait for columns that nobody asked for.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Set
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import duckdb

from .bucket_client import Keys, unavailable
from .file_cache import FileCache
from .lake_files import FolderFiles, LakeFiles, NewFile, joined, name_of, new_name
from .objects import Objects
from .settings import load_extension

SETTINGS = {
    "http_timeout": 4,
    "http_retries": 1,
    "http_retry_wait_ms": 200,
    "enable_http_metadata_cache": "true",
    "httpfs_connection_caching": "true",
    "validate_external_file_cache": "'NO_VALIDATION'",
    "s3_uploader_max_filesize": "'50GB'",
}
"""A store that does not answer is an error after 8 s. Parts that DuckLake uploads by itself stay small (5 MB)."""
LONGEST_READ_S = 3900.0
"""So long a file stays after it was looked at. Those of running statements are looked at whenever the keys are renewed,
which is sooner: a session lasts an hour at most.
"""
OPENED_AT_ONCE = 16
UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


class BucketFiles:
    """Files below `s3://…/lake`; rows are written below `staging` first, and stay in `cache` for a while."""

    def __init__(self, workspace: str, staging: Path, keys: Callable[[], Keys], cache: FileCache) -> None:
        self.root, self._staging, self._keys, self._cache = joined(workspace, "lake"), staging, keys, cache
        self._workspace = workspace.rstrip("/")
        self._objects = Objects(workspace, keys)

    @property
    def openable(self) -> list[str]:
        """The prefix, where rows are written first, and where they are kept."""
        return [f"{self.root}/", str(self._staging), str(self._cache.folder)]

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> Any:
        """Load httpfs, say how patient it is, give it the keys."""
        load_extension(connection, "httpfs")
        for name, value in SETTINGS.items():
            connection.execute(f"SET GLOBAL {name} = {value}")
        return self.renewed(connection, None)

    def make(self) -> None:
        """Make the staging folder."""
        self._staging.mkdir(parents=True, exist_ok=True)

    def renewed(self, connection: duckdb.DuckDBPyConnection, held: Any) -> Any:
        """Give the instance the newest keys unless it holds them."""
        keys = self._keys()
        if keys != held:
            with connection.cursor() as cursor:
                cursor.execute(_secret(keys, f"{self.root}/"))
        return keys

    def folder(self, table: str) -> str:
        """A folder whose name no URL could mistake for more than a name."""
        return joined(self.root, "main", UNSAFE.sub("_", table))

    def new(self, folder: str) -> NewFile:
        """A path in the staging folder."""
        self.make()
        name = new_name()
        return NewFile(self._staging / name, joined(folder, name), far=True)

    def publish(self, file: NewFile) -> None:
        """Upload it; the local one is kept while there is room."""
        self._objects.put_file(file.path, self._key(file.location))
        self._cache.offer(file.path, name_of(file.location))

    def near(self, location: str, size: int) -> str:
        """Where it is kept, if it is, and whole."""
        kept = self._cache.held(name_of(location), size)
        return location if kept is None else str(kept)

    def open_ahead(self, connection: duckdb.DuckDBPyConnection, locations: Iterable[str]) -> None:
        """Many at a time: opening one means to wait for three answers of the store."""

        def look(location: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT 1 FROM read_parquet('{_quoted(location)}') LIMIT 0")  # noqa: S608

        with ThreadPoolExecutor(OPENED_AT_ONCE) as several:
            try:
                for each in as_completed([several.submit(look, location) for location in locations]):
                    each.result()
            except duckdb.Error:
                several.shutdown(cancel_futures=True)
                raise

    def twin(self, location: str, folder: str) -> NewFile:
        """A copy that the store makes by itself."""
        file = self.new(folder)
        self._objects.copy(self._key(location), self._key(file.location))
        self._cache.link(name_of(location), name_of(file.location))
        return file

    def rename(self, twin: NewFile, location: str) -> None:
        """By another copy."""
        self._objects.copy(self._key(twin.location), self._key(location))
        self._objects.delete(self._key(twin.location))

    def inside(self, folder: str) -> Iterable[str]:
        """Every key below it: there are no folders in it."""
        return [joined(self._workspace, each.key) for each in self._objects.below(f"{self._key(folder)}/")]

    def remove(self, file: NewFile | str) -> None:
        """Remove it here and there."""
        if isinstance(file, NewFile):
            file.path.unlink(missing_ok=True)
        location = file if isinstance(file, str) else file.location
        self._cache.forget(name_of(location))
        self._objects.delete(self._key(location))

    def older_than(self, seconds: float) -> Iterable[str]:
        """By the time at which they came."""
        limit = time.time() - seconds
        found = self._objects.below("lake/")
        return [joined(self._workspace, each.key) for each in found if each.modified.timestamp() < limit]

    def forget_others(self, known: Set[str]) -> None:
        """One that is being written just now may be among them, and is not kept then."""
        for name in self._cache.names() - known:
            self._cache.forget(name)

    def keep(self, file: Path, name: str) -> None:
        """Upload it; the local one stays for whoever reads it here."""
        self._objects.put_file(file, name)

    def _key(self, location: str) -> str:
        return location.removeprefix(f"{self._workspace}/")


class KeyRing:
    """The keys that the server sent last."""

    def __init__(self) -> None:
        self._keys: Keys | None = None

    def take(self, storage: dict[str, Any]) -> None:
        """Take what the broker issued."""
        if storage.get("kind") == "sts":
            self._keys = Keys.of(storage)

    def __call__(self) -> Keys:
        """The newest; raises EngineError storage_unavailable as long as there are none."""
        if self._keys is None:
            raise unavailable()
        return self._keys


def _secret(keys: Keys, scope: str) -> str:
    parts = urlsplit(keys.endpoint or "")
    options = {
        "KEY_ID": keys.access_key_id,
        "SECRET": keys.secret_access_key,
        "SESSION_TOKEN": keys.session_token,
        "REGION": keys.region,
        "ENDPOINT": f"{parts.netloc}{parts.path}".rstrip("/") or None,
        "URL_STYLE": "path" if keys.endpoint else None,
        "SCOPE": scope,
    }
    said = ", ".join(f"{name} '{_quoted(value)}'" for name, value in options.items() if value)
    plain = ", USE_SSL false" if parts.scheme == "http" else ""
    return f"CREATE OR REPLACE SECRET lake (TYPE s3, {said}{plain})"


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def lake_files(remote: str | None, local: Path, keys: Callable[[], Keys], cache_bytes: int = 0) -> LakeFiles:
    """The files of the workspace at the URL `remote`, of which so many bytes are kept in `local`, too; or of the one in
    the folder `local`.
    """
    if remote is None:
        return FolderFiles(local / "lake")
    return BucketFiles(remote, local / "lake", keys, FileCache(local / "cache" / "tables", cache_bytes, LONGEST_READ_S))
