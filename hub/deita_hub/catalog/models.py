"""The tables of the catalog. A change here needs a revision in `migrations/versions`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC: SQLite keeps no time zone, so it is taken off on the way in and put back on the way out."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store UTC without a zone; a moment without a zone is a mistake."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """What every table of the catalog shares: named constraints, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Person(Base):
    """Somebody who can sign in; `name` is also the hub's user name."""

    __tablename__ = "people"
    __table_args__ = (Index("ix_people_awaits", "awaits", unique=True),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    admin: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    named: Mapped[bool] = mapped_column(Boolean, default=True)
    """Whether somebody added this person by name; otherwise a list of the settings has to let them in each time."""
    awaits: Mapped[str | None] = mapped_column(String(255))
    """The username at the provider with which this person is expected to sign in for the first time."""


class Identity(Base):
    """Who a person is at the provider: the number that it gave them, which stays when names and addresses change."""

    __tablename__ = "identities"
    __table_args__ = (Index("ix_identities_subject", "issuer", "subject", unique=True),)

    person: Mapped[str] = mapped_column(ForeignKey("people.name", ondelete="CASCADE"), primary_key=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    username: Mapped[str] = mapped_column(String(255))
    """What they were called there when they first signed in; nothing depends on it."""
    connected_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Workspace(Base):
    """A workspace; its bytes lie in the storage folder named by `id`. Deleted ones stay until they are purged."""

    __tablename__ = "workspaces"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    slug: Mapped[str] = mapped_column(String(30), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(2000), default="")
    visibility: Mapped[str] = mapped_column(String(16), default="private")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    samples: Mapped[str | None] = mapped_column(String(16))
    """`pending` until the sample tables have been loaded, then `done`, or `failed` when that was given up."""
    members: Mapped[list[Member]] = relationship(back_populates="workspace", cascade="all, delete-orphan")


class Member(Base):
    """What a person may do in a workspace: owner, editor or viewer."""

    __tablename__ = "members"
    __table_args__ = (Index("ix_members_person", "person"),)

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    workspace: Mapped[Workspace] = relationship(back_populates="members")


class SignInLink(Base):
    """A one-time link: only the hash of its token is known here."""

    __tablename__ = "sign_in_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("people.name", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ServerFailure(Base):
    """Why a person's workspace server did not start the last time it was asked to."""

    __tablename__ = "server_failures"

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True)
    person: Mapped[str] = mapped_column(String(40), primary_key=True)
    failed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    message: Mapped[str] = mapped_column(String(500))


class Connection(Base):
    """A database outside that a workspace reads. `secret` is the password, sealed (see `connections.sealing`);
    `changed_by` is who last said where it leads; `ca` are
    certificates in PEM, of the authority that the server's comes from, empty where the system knows it.
    """

    __tablename__ = "connections"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(16))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int] = mapped_column(Integer)
    database: Mapped[str] = mapped_column(String(63))
    login: Mapped[str] = mapped_column(String(63))
    sslmode: Mapped[str] = mapped_column(String(16))
    ca: Mapped[str] = mapped_column(Text, default="", server_default="")
    secret: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_by: Mapped[str] = mapped_column(String(40))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by: Mapped[str] = mapped_column(String(40))


class IdempotencyKey(Base):
    """A POST that has had its effect: asked again with the same key it answers the same workspace."""

    __tablename__ = "idempotency_keys"

    person: Mapped[str] = mapped_column(String(40), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspaces.id", ondelete="CASCADE"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AuditEntry(Base):
    """Who did what to which workspace, written in the transaction that did it."""

    __tablename__ = "audit"

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    person: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(40))
    workspace_id: Mapped[str | None] = mapped_column(String(26), index=True)
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
