"""The workspace database's tables. Times are ISO 8601 in UTC; JSON columns hold what the engine said, as it said it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, MetaData, String, UniqueConstraint, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

BIG = BigInteger().with_variant(Integer(), "sqlite")
"""Of bytes, rows and snapshots; SQLite's integers are that long anyway."""


def alive(name: str, column: str, ended: str) -> Index:
    """A unique index of those rows only that did not end."""
    where = text(f"{ended} IS NULL")
    return Index(name, column, unique=True, sqlite_where=where, postgresql_where=where)


class Base(DeclarativeBase):
    """What all tables have in common."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, str: String}


class File(Base):
    """A name. `name_key` is its case-folded form, unique among the names that are not deleted."""

    __tablename__ = "files"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    created_at: Mapped[str]
    created_by: Mapped[str]
    deleted_at: Mapped[str | None]
    versions: Mapped[list[FileVersion]] = relationship(
        order_by="FileVersion.version", back_populates="file", lazy="raise"
    )

    __table_args__ = (alive("uq_files_name_key_alive", "name_key", "deleted_at"),)


class FileVersion(Base):
    """Bytes that a name stood or stands for; the newest version is what the name means."""

    __tablename__ = "file_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("files.id"))
    version: Mapped[int]
    sha256: Mapped[str] = mapped_column(index=True)
    size: Mapped[int] = mapped_column(BIG)
    media_type: Mapped[str]
    created_at: Mapped[str]
    created_by: Mapped[str]
    file: Mapped[File] = relationship(back_populates="versions", lazy="raise")

    __table_args__ = (UniqueConstraint("file_id", "version"),)


class Upload(Base):
    """A resumable upload: `offset` bytes of `length` (null while its client does not know) are durable. `file` is what
    became of it, null until all is here.

    The last bytes are only acknowledged together with the file's name, so a row never says "all here" of nothing.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    length: Mapped[int | None] = mapped_column(BIG)
    offset: Mapped[int] = mapped_column(BIG)
    sha256: Mapped[str | None]
    replace: Mapped[bool]
    described: Mapped[str]
    file: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    created_at: Mapped[str]
    created_by: Mapped[str]
    expires_at: Mapped[str] = mapped_column(index=True)


class Import(Base):
    """One attempt to turn a file into a table version; `server` is who runs it (see `presence`)."""

    __tablename__ = "imports"

    id: Mapped[str] = mapped_column(primary_key=True)
    file: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    table: Mapped[str]
    mode: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    recipe: Mapped[dict[str, Any]]
    preview: Mapped[dict[str, Any] | None]
    version: Mapped[int | None]
    rows: Mapped[int | None] = mapped_column(BIG)
    reject_count: Mapped[int] = mapped_column(BIG)
    counts: Mapped[dict[str, Any] | None]
    error: Mapped[dict[str, Any] | None]
    server: Mapped[str]
    created_at: Mapped[str] = mapped_column(index=True)
    created_by: Mapped[str]
    finished_at: Mapped[str | None]


class Table(Base):
    """A table through its renames, until it is dropped; the lake knows only names."""

    __tablename__ = "tables"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    dropped_at: Mapped[str | None]

    __table_args__ = (alive("uq_tables_name_alive", "name", "dropped_at"),)


class TableVersion(Base):
    """A commit of the lake that made a version of a table. The lake is the truth, this is its index."""

    __tablename__ = "table_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("tables.id"), index=True)
    version: Mapped[int]
    snapshot: Mapped[int] = mapped_column(BIG)
    operation: Mapped[str]
    rows: Mapped[int] = mapped_column(BIG)
    columns: Mapped[list[Any]]
    file: Mapped[str | None]
    sha256: Mapped[str | None] = mapped_column(index=True)
    recipe: Mapped[dict[str, Any] | None]
    receipt: Mapped[dict[str, Any] | None]
    message: Mapped[str]
    import_id: Mapped[str | None] = mapped_column(index=True)
    query_id: Mapped[str | None]
    restored_version: Mapped[int | None]
    created_at: Mapped[str]
    created_by: Mapped[str]
    table: Mapped[Table] = relationship()

    __table_args__ = (UniqueConstraint("table_id", "snapshot"),)


class Read(Base):
    """The query that made a table version read the version that a snapshot of the lake made."""

    __tablename__ = "reads"

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("table_versions.id"), index=True)
    snapshot: Mapped[int] = mapped_column(BIG, index=True)


class Profile(Base):
    """What a table version holds, column by column, as the engine found it; `size` is its length as JSON."""

    __tablename__ = "profiles"

    id: Mapped[int] = mapped_column(primary_key=True)
    table_id: Mapped[int] = mapped_column(ForeignKey("tables.id"))
    version: Mapped[int]
    profile: Mapped[dict[str, Any]]
    size: Mapped[int] = mapped_column(BIG)

    __table_args__ = (UniqueConstraint("table_id", "version"),)


class SavedQuery(Base):
    """A saved query through its changes and its deletion; `version` is its newest. A slug is never free again."""

    __tablename__ = "saved_queries"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    version: Mapped[int]
    created_at: Mapped[str]
    created_by: Mapped[str]
    deleted_at: Mapped[str | None]


class SavedQueryVersion(Base):
    """A saved query as somebody left it; of a deletion, as it was before. `columns` are those of that moment. `key` is
    the id of the Idempotency-Key that it was made with.
    """

    __tablename__ = "saved_query_versions"

    id: Mapped[int] = mapped_column(primary_key=True)
    saved_query_id: Mapped[int] = mapped_column(ForeignKey("saved_queries.id"))
    version: Mapped[int]
    operation: Mapped[str]
    name: Mapped[str]
    description: Mapped[str]
    sql: Mapped[str]
    params: Mapped[list[Any]]
    columns: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    tables: Mapped[list[Any]]
    message: Mapped[str]
    restored_version: Mapped[int | None]
    key: Mapped[str | None]
    created_at: Mapped[str]
    created_by: Mapped[str]

    __table_args__ = (UniqueConstraint("saved_query_id", "version"),)


class Mark(Base):
    """A number worth remembering: `snapshot` is the last commit of the lake that is in `table_versions`."""

    __tablename__ = "marks"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[int] = mapped_column(BIG)
