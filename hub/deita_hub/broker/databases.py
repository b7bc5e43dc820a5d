"""What reaches a workspace's database and its lake's catalog: one interface, a module for each kind of database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from deita_hub.broker.storage import Access


@dataclass(frozen=True)
class DatabaseCredentials:
    """What reaches one workspace's schemas and nothing else; SQLite's files lie in the workspace's folder."""

    kind: Literal["sqlite", "postgresql"] = "sqlite"
    url: str | None = field(default=None, repr=False)
    schema: str | None = None
    lake_schema: str | None = None
    expires_at: datetime | None = None


class DatabaseIssuer(Protocol):
    """A kind of database."""

    def issue(self, workspace_id: str, person: str, access: Access) -> DatabaseCredentials:
        """A login for one workspace, at most an hour long; blocks. Raises IssueFailedError."""

    def revoke(self, workspace_id: str, person: str | None = None) -> None:
        """End what was issued to a person, or to everybody, at once; blocks. Raises IssueFailedError."""

    def drop(self, workspace_id: str) -> None:
        """Remove what the workspace has in the database for good; blocks. Raises IssueFailedError."""


class SqliteDatabases:
    """Files in the workspace's folder: there is nothing to hand out."""

    def issue(self, workspace_id: str, person: str, access: Access) -> DatabaseCredentials:
        """Say that it is SQLite."""
        return DatabaseCredentials()

    def revoke(self, workspace_id: str, person: str | None = None) -> None:
        """Nothing was handed out."""

    def drop(self, workspace_id: str) -> None:
        """The files go with the folder."""
