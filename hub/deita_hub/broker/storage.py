"""What reaches a workspace's storage: one interface, a module for each kind of storage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Access = Literal["read", "write"]


class IssueFailedError(Exception):
    """Credentials cannot be had right now; the message holds no secret."""


@dataclass(frozen=True)
class StorageCredentials:
    """What reaches one workspace and nothing else. A folder needs no keys: the sandbox is its wall."""

    kind: Literal["local", "sts"]
    url: str
    access: Access
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    expires_at: datetime | None = None


class StorageIssuer(Protocol):
    """A kind of storage."""

    def issue(self, workspace_id: str, person: str, access: Access, part: str = "") -> StorageCredentials:
        """Credentials for one workspace, or only for what lies in a `part` of it, at most an hour long; blocks.

        Raises IssueFailedError.
        """
