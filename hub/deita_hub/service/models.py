"""The JSON of the control plane; what is validated here is what OpenAPI says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from deita_hub.broker.storage import StorageCredentials

NameField = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Role = Literal["owner", "editor", "viewer"]
Description = Annotated[str, StringConstraints(max_length=2000)]


class Model(BaseModel):
    """Nothing unexpected goes in: a misspelt field is an error, not silence."""

    model_config = ConfigDict(extra="forbid")


class NewWorkspace(Model):
    """What it takes to create a workspace. Without a slug one is made from the name."""

    name: NameField
    slug: Annotated[str, StringConstraints(max_length=100)] | None = None
    description: Description = ""


class WorkspaceChange(Model):
    """What can be changed; what is left out stays as it is. The slug never changes."""

    name: NameField | None = None
    description: Description | None = None


class Server(Model):
    """The caller's server in this workspace. `progress` goes from 0 to 1; while starting it is an estimate."""

    state: Literal["stopped", "starting", "ready", "failed"]
    url: str
    api: str
    progress: float = Field(ge=0, le=1)
    message: str | None = None


class Usage(Model):
    """What the workspace takes up."""

    bytes: int


class Quota(Model):
    """What it may take up; null is without limit."""

    bytes: int | None = None


class Workspace(Model):
    """A workspace as the caller sees it."""

    id: str
    slug: str
    name: str
    description: str
    role: Role
    visibility: Literal["private"]
    created_at: datetime
    last_used_at: datetime | None
    usage: Usage
    quota: Quota
    server: Server


class WorkspacePage(Model):
    """A page of workspaces, oldest first; `next` asks for the following page."""

    items: list[Workspace]
    next: str | None


class StorageAccess(Model):
    """What reaches the workspace's storage, and until when; a folder needs no keys."""

    kind: Literal["local", "sts"]
    url: str
    endpoint: str | None
    region: str | None
    access_key_id: str | None
    secret_access_key: str | None
    session_token: str | None
    access: Literal["read", "write"]
    expires_at: datetime | None


class DatabaseAccess(Model):
    """What reaches the workspace's database and its lake's catalog, and until when; SQLite needs nothing."""

    kind: Literal["sqlite", "postgresql"]
    url: str | None
    schema_: str | None = Field(alias="schema")
    lake_schema: str | None
    expires_at: datetime | None


class Credentials(Model):
    """What one workspace server gets."""

    storage: StorageAccess
    database: DatabaseAccess


class MountCredentials(BaseModel):
    """What reads a workspace's keys in a bucket, in the words of AWS's credentials for containers."""

    AccessKeyId: str
    SecretAccessKey: str
    Token: str
    Expiration: datetime

    @classmethod
    def of(cls, issued: StorageCredentials) -> MountCredentials:
        """The same session, as an object store issued it."""
        return cls.model_validate(
            {
                "AccessKeyId": issued.access_key_id,
                "SecretAccessKey": issued.secret_access_key,
                "Token": issued.session_token,
                "Expiration": issued.expires_at,
            }
        )


class Member(Model):
    """Somebody who is in a workspace."""

    person: str
    role: Role
    added_at: datetime


class MemberPage(Model):
    """Everybody in a workspace; there is no further page."""

    items: list[Member]
    next: str | None


class NewMember(Model):
    """Whom to let in, and as what."""

    person: Annotated[str, StringConstraints(max_length=255)]
    role: Role


class MemberChange(Model):
    """The role that a member shall have."""

    role: Role


class Me(Model):
    """Who is asking."""

    name: str
    admin: bool


class Alive(Model):
    """That the process answers."""

    status: Literal["ok"]


class Check(Model):
    """Whether a part answers, and after how many milliseconds."""

    ok: bool
    ms: float


class Ready(Model):
    """Every part that is needed, by name."""

    status: Literal["ok"]
    checks: dict[str, Check]


class Health(Model):
    """Every part that must answer for Deita to work."""

    status: Literal["ok"]
    hub: Literal["ok"]
    proxy: Literal["ok"]
    control_plane: Literal["ok"]
    version: str


class Problem(BaseModel):
    """The one shape of an error."""

    code: str
    message: str
    hint: str | None
    details: dict[str, Any]
    request_id: str
