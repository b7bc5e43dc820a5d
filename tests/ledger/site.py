"""The whole Deita that a ledger is kept of: on SQLite and a folder, or on PostgreSQL and an object store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from bench.running import running
from tests.servers.fault_proxy import faults_before
from tests.servers.object_store import running_object_store
from tests.servers.postgres import running_postgres

from .faults import Site, small_disk

BACKENDS = ("embedded", "production")


@contextlib.contextmanager
def running_site(folder: Path, backend: str, operations: int) -> Iterator[Site]:
    """A running Deita, which has room for so many operations."""
    with (_production if backend == "production" else _embedded)(folder, operations) as site:
        yield site


@contextlib.contextmanager
def _embedded(folder: Path, operations: int) -> Iterator[Site]:
    with small_disk(folder / "disk", operations) as disk:
        storage = {"DEITA_STORAGE": (folder / "disk" / "storage").as_uri(), "DEITA_SAMPLES": "0"}
        with running(folder / "home", **storage) as deita:
            yield Site(deita, disk)


@contextlib.contextmanager
def _production(folder: Path, operations: int) -> Iterator[Site]:
    """Everything that goes to database or store goes through a proxy that can fail."""
    with (
        small_disk(folder / "home" / "local", operations) as disk,
        running_postgres() as postgres,
        running_object_store() as store,
        faults_before(store.endpoint) as to_store,
        faults_before(f"http://127.0.0.1:{postgres.port}") as to_postgres,
    ):
        database = postgres.database().replace(f":{postgres.port}/", f":{to_postgres.port}/")
        settings = {**store.settings(), "DEITA_S3_ENDPOINT": to_store.endpoint, "DEITA_DATABASE_URL": database}
        with running(folder / "home", **settings, DEITA_SAMPLES="0") as deita:
            yield Site(deita, disk, postgres, store, to_postgres, to_store)
