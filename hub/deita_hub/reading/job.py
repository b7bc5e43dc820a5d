"""What a reader is told to do: one line of JSON on its standard input, which is a pipe and seen by nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Task = Literal["test", "tables", "rows"]
Format = Literal["parquet", "arrow", "json"]


@dataclass(frozen=True)
class Target:
    """Where and as whom: `address` is what `host` led to when it was allowed, and the only one that is connected to;
    `ca` are certificates in PEM of the server's authority, empty where the system knows it.
    """

    host: str
    address: str
    port: int
    database: str
    user: str
    sslmode: str
    password: str = field(repr=False)
    ca: str = ""


@dataclass(frozen=True)
class Job:
    """A task. Of `rows`: `table` (as SQL writes it) or `query` with `params`, at most `limit` rows, `most` bytes of
    `format`, and `seconds` for the database to answer in.
    """

    target: Target
    task: Task
    table: str | None = None
    query: str | None = None
    params: dict[str, Any] | None = None
    format: Format = "json"
    limit: int | None = None
    most: int | None = None
    seconds: int = 60

    @classmethod
    def of(cls, given: dict[str, Any]) -> Job:
        """The job that JSON describes."""
        return cls(**{**given, "target": Target(**given["target"])})
