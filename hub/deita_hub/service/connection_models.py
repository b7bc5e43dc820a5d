"""The JSON of connections; what is validated here is what OpenAPI says."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, StringConstraints

from deita_hub.connections import authorities
from deita_hub.service.models import Model

ConnectionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Host = Annotated[
    str, StringConstraints(pattern=r"^([A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?|[0-9A-Fa-f:]{2,39})$")
]
"""A name or an address; no list of them and no folder with a socket, which libpq would take, too."""
Word = Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[^\x00-\x1f\x7f]+$")]
Port = Annotated[int, Field(ge=1, le=65535)]
SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
Authority = Annotated[str, StringConstraints(max_length=authorities.MOST)]
Password = Annotated[SecretStr, Field(max_length=1000)]


class NewConnection(Model):
    """A database to read. The password only goes in; no answer holds it."""

    name: ConnectionName
    kind: Literal["postgres"] = "postgres"
    host: Host
    port: Port = 5432
    database: Word
    user: Word
    password: Password = SecretStr("")
    sslmode: SslMode = Field("prefer", description="As libpq: `verify-full` also wants a certificate for the host.")
    ca: Authority = Field("", description="Certificates in PEM of the server's authority; empty: those of the system.")


class ConnectionChange(Model):
    """What to change. Where it leads changes together with the password, which is only sent where it was meant for."""

    host: Host | None = None
    port: Port | None = None
    database: Word | None = None
    user: Word | None = None
    password: Password | None = None
    sslmode: SslMode | None = None
    ca: Authority | None = None


class Connection(Model):
    """A database that the workspace reads."""

    name: str
    kind: Literal["postgres"]
    host: str
    port: int
    database: str
    user: str
    sslmode: SslMode
    ca: str
    created_at: datetime
    created_by: str
    changed_at: datetime
    changed_by: str


class ConnectionPage(Model):
    """The workspace's connections, by name; there is no further page."""

    items: list[Connection]
    next: str | None


class Tested(Model):
    """A connection that works, and how long that took."""

    server_version: str
    user: str
    database: str
    tls: bool
    elapsed_ms: int


class ForeignTable(Model):
    """A table or view that can be read; `name` is how SQL writes it, `rows` an estimate."""

    schema_: str = Field(alias="schema")
    table: str
    name: str
    kind: Literal["table", "view", "materialized view", "foreign table"]
    rows: int | None


class ForeignTablePage(Model):
    """What can be read, by name, the first 5,000; there is no further page."""

    items: list[ForeignTable]
    next: str | None


class Wanted(Model):
    """What to read: a table as SQL writes it, or a query; `%(name)s` in it takes the value of the parameter `name`."""

    table: Annotated[str, StringConstraints(min_length=1, max_length=300)] | None = None
    query: Annotated[str, StringConstraints(min_length=1, max_length=100_000)] | None = None
    params: Annotated[dict[str, Any], Field(max_length=100)] = Field(default_factory=dict)


class Sample(Wanted):
    """What to show the first rows of."""

    limit: int = Field(50, ge=1, le=100)


class Reading(Wanted):
    """What to read whole, as what, and how much and how long at most."""

    format: Literal["parquet", "arrow"]
    limit: int | None = Field(None, ge=0)
    most: int = Field(gt=0, description="Bytes; more is an error, not less of it.")
    seconds: int = Field(3600, ge=1, le=6 * 3600)


class SampleColumn(Model):
    """A column as the database calls it."""

    name: str
    type: str


class SampleRows(Model):
    """The first rows as texts, each cut at 300 characters, of the first 200 columns."""

    columns: list[SampleColumn]
    rows: list[list[str | None]]
