"""What the server holds of work under way in the engine: a growing file, a run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from . import wire
from .shapes import Column, Commit, EngineError, Evidence, RunState

OVER: frozenset[RunState] = frozenset({"done", "failed", "cancelled"})


class Stream:
    """A file that grows on disk until it is done or has failed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self.done = False
        self.is_followed = False
        self.error: EngineError | None = None
        self._changed = asyncio.Event()

    async def grown(self, offset: int) -> int:
        """Wait until more than `offset` bytes are there or no more will come; returns the size, raises the stream's
        error. From the first bytes on the file stays as it is: it is not made again.
        """
        while True:
            if self.error:
                raise self.error
            if self.size > offset or self.done:
                self.is_followed = True
                return self.size
            await self._changed.wait()

    def grow(self, size: int) -> None:
        """More bytes are on disk."""
        if size > self.size:
            self.size = size
            self._wake()

    def begin_again(self) -> None:
        """The file is made anew; nobody has seen the old one."""
        self.path.unlink(missing_ok=True)
        self.size = 0

    def finish(self, size: int | None = None, error: EngineError | None = None) -> None:
        """No more bytes will come."""
        if self.done or self.error:
            return
        self.size = self.size if size is None else size
        self.error = error
        self.done = error is None
        self._wake()

    def _wake(self) -> None:
        event, self._changed = self._changed, asyncio.Event()
        event.set()


class Run:
    """A query or an import: its state, and later its outcome."""

    def __init__(
        self,
        id: str,
        result: Stream,
        cancel: Callable[[Run], Awaitable[None]],
        watch: Callable[[Run], None] | None = None,
    ) -> None:
        self.id, self.result = id, result
        self.state: RunState = "queued"
        self.columns: tuple[Column, ...] = ()
        self.statement_type = ""
        self.rows = 0
        self.progress = 0.0
        self.truncated = False
        self.error: EngineError | None = None
        self.commit: Commit | None = None
        self.wrote: dict[str, Any] | None = None
        self.snapshot: int | None = None
        self.tables: tuple[str, ...] = ()
        self.read_snapshot: int | None = None
        self.evidence = Evidence()
        self.from_cache: str | None = None
        self.recipe: dict[str, Any] | None = None
        self.reject_count = 0
        self.counts: dict[str, Any] | None = None
        self.rejects: Path | None = None
        self.first_page: bytes | None = None
        self._cancel, self._watch = cancel, watch
        self._started = time.monotonic()
        self._ended: float | None = None
        self._over = asyncio.Event()

    @classmethod
    def of(cls, commit: Commit, spool: Path) -> Run:
        """A statement that wrote, as far as its commit tells of it: without its result."""
        id = commit.query_id or ""
        run = cls(id, Stream(spool / f"{id}.arrow"), _never)
        receipt = commit.source.receipt or {}
        run.commit, run.snapshot, run.wrote = commit, commit.snapshot, {"table": commit.table}
        run.statement_type = receipt.get("statement_type", "")
        run.tables = tuple(table["name"] for table in receipt.get("tables", ()))
        run.read_snapshot = receipt.get("snapshot")
        run.result.finish()
        run.end("done")
        return run

    @property
    def elapsed_ms(self) -> float:
        """Milliseconds since it was accepted, up to its end."""
        return ((self._ended or time.monotonic()) - self._started) * 1000

    @property
    def is_over(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return self.state in OVER

    async def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end, at most so long; True when it is over."""
        if not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), seconds)
        return self._over.is_set()

    def begin_again(self) -> None:
        """It waits once more."""
        self.result.begin_again()
        self.state, self.rows, self.progress = "queued", 0, 0.0

    async def cancel(self) -> None:
        """End it for real: returns when it is over."""
        if not self.is_over:
            await self._cancel(self)

    def take(self, message: wire.Message, attachment: bytes) -> None:
        """What the engine said about it."""
        event = message["event"]
        if event in ("accepted", "progress", "done"):
            self._take_outcome(message)
        if event == "running" and self.state == "queued":
            self.state = "running"
        if event == "done":
            self.first_page = attachment
            self.progress = 1.0
            self.result.finish(message.get("size", 0))
            self.end("done")

    def _take_outcome(self, message: wire.Message) -> None:
        for name in (
            "statement_type",
            "rows",
            "progress",
            "truncated",
            "snapshot",
            "recipe",
            "reject_count",
            "counts",
            "from_cache",
            "wrote",
        ):
            if message.get(name) is not None:
                setattr(self, name, message[name])
        if message.get("columns"):
            self.columns = wire.columns_of(message["columns"])
        if message.get("commit"):
            self.commit = wire.commit_of(message["commit"])
        if message.get("tables") is not None:
            self.tables = tuple(message["tables"])
            self.read_snapshot = message.get("read_snapshot", self.snapshot)
        if message.get("evidence"):
            self.evidence = wire.evidence_of(message["evidence"])
        if message.get("rejects"):
            self.rejects = Path(message["rejects"])
        if "size" in message:
            self.result.grow(message["size"])

    def end(self, state: RunState, error: EngineError | None = None) -> None:
        """It is over."""
        if self.is_over:
            return
        self.state, self.error = state, error
        if error:
            why = {"error": {"code": error.code, "message": error.message}}
            self.result.finish(error=EngineError("no_result", "The query has no result.", details=why))
        self._ended = time.monotonic()
        self._over.set()
        if self._watch:
            self._watch(self)


async def _never(run: Run) -> None:
    """What is over is not cancelled."""
