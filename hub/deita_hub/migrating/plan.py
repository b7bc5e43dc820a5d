"""What a migration is to move from where to where, and whether it can begin."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import psycopg

from deita_hub import database_urls
from deita_hub.bucket import BucketError, bucket_of
from deita_hub.database_urls import CATALOG, HUB
from deita_hub.migrating import tables
from deita_hub.migrating.errors import MigrationError
from deita_hub.migrating.installation import catalog_file
from deita_hub.settings import Settings

WORKSPACES = "SELECT id, slug, deleted_at IS NOT NULL FROM workspaces ORDER BY id"
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname = ANY(%s)"
ABLE = (
    "SELECT rolcreaterole, has_database_privilege(current_database(), 'CREATE') FROM pg_roles"
    " WHERE rolname = current_user"
)


@dataclass(frozen=True)
class Plan:
    """`workspaces` are slugs by id; `left` those that stay behind, because they are deleted or were not asked for."""

    source: Settings
    target: Settings
    workspaces: dict[str, str]
    left: tuple[str, ...]

    @property
    def moves_database(self) -> bool:
        """Whether the databases go to PostgreSQL."""
        return self.target.database_url != self.source.database_url

    @property
    def moves_storage(self) -> bool:
        """Whether the files go to a bucket."""
        return self.target.objects != self.source.objects

    @property
    def places(self) -> dict[str, str | None]:
        """Where it all goes, without a secret: what tells one migration from another."""
        parts = urlsplit(self.target.database_url)
        host = parts.netloc.rpartition("@")[2]
        return {
            "database": f"{host}{parts.path}" if self.moves_database else None,
            "storage": self.target.objects.url if self.moves_storage and self.target.objects else None,
        }


def plan_of(source: Settings, target: Settings, slugs: Sequence[str] = ()) -> Plan:
    """The plan for all workspaces, or for those with these slugs. Raises MigrationError."""
    if source.database != "sqlite":
        message = "The databases lie in PostgreSQL already."
        raise MigrationError("not_embedded", f"{message} Move the storage first, or both at once, from SQLite.")
    if source.objects is not None and target.objects != source.objects:
        raise MigrationError("not_embedded", "The workspaces lie in a bucket already: only the database can be moved.")
    file = catalog_file(source)
    if not file.exists():
        raise MigrationError("nothing_here", "There is no Deita on this DEITA_HOME: nothing to move.")
    with tables.source(file) as rows:
        found = rows.execute(WORKSPACES).fetchall()
    known = {slug: id for id, slug, deleted in found if not deleted}
    if unknown := sorted(set(slugs) - known.keys()):
        raise MigrationError("not_found", f"There is no workspace {', '.join(unknown)}.")
    wanted = {id: slug for slug, id in known.items() if not slugs or slug in slugs}
    return Plan(source, target, wanted, tuple(slug for id, slug, _ in found if id not in wanted))


def check_empty(plan: Plan) -> None:
    """Raise MigrationError `not_empty` if anything is where the copy is to go."""
    if plan.moves_database and (there := _schemas(plan)):
        raise _not_empty(f"The database holds {', '.join(sorted(there))} already")
    if not plan.moves_storage:
        return
    assert plan.target.objects is not None
    for id, slug in plan.workspaces.items():
        if (plan.target.storage / id).exists():
            raise _not_empty(f"DEITA_HOME/local has a folder for {slug} already")
        with _telling_of_the_bucket():
            size = bucket_of(plan.target.objects).size(id)
        if size:
            raise _not_empty(f"The bucket has keys of {slug} already")


def check_reachable(plan: Plan) -> None:
    """Raise MigrationError unless the database gives what Deita needs of it and the bucket answers."""
    if plan.moves_database:
        with _connected(plan) as connection:
            able = connection.execute(ABLE).fetchone()
            encoding = connection.execute("SHOW server_encoding").fetchone()
        if not able or not all(able):
            message = "The database's role may not make roles and schemas: ALTER ROLE … CREATEROLE, and let it own it."
            raise MigrationError("database_unusable", message)
        if encoding != ("UTF8",):
            raise MigrationError("database_unusable", "The database must have the encoding UTF8.")
    if plan.moves_storage:
        assert plan.target.objects is not None
        with _telling_of_the_bucket():
            bucket_of(plan.target.objects).check()


def _schemas(plan: Plan) -> list[str]:
    names = [CATALOG, HUB, *(f"{kind}_{id}" for id in plan.workspaces for kind in ("workspace", "lake"))]
    with _connected(plan) as connection:
        return [row[0] for row in connection.execute(SCHEMAS, [names]).fetchall()]


@contextlib.contextmanager
def _connected(plan: Plan) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    try:
        with psycopg.connect(database_urls.for_libpq(plan.target.database_url), connect_timeout=5) as connection:
            yield connection
    except psycopg.OperationalError:
        message = "The PostgreSQL of --to-database cannot be reached, or refuses the login."
        raise MigrationError("database_unusable", message) from None  # the cause may hold the address


@contextlib.contextmanager
def _telling_of_the_bucket() -> Iterator[None]:
    try:
        yield
    except BucketError as error:
        raise MigrationError("bucket_unusable", f"The bucket of --to-storage cannot be used: {error}") from error


def _not_empty(what: str) -> MigrationError:
    return MigrationError("not_empty", f"{what}, and not from this migration: choose an empty place.")
