"""Exports as the server sees them: each is made once while somebody waits for it, then reused as long as its file is
there. Who is the last to leave before it is complete ends it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path

from . import wire
from .runs import Run, Stream
from .shapes import EngineError, ExportFormat, Selection
from .worker import Worker

KEPT = 256
DEFUSED = ("csv", "xlsx")
"""Formats in which text that a spreadsheet would run is changed, unless the raw one is asked for."""
FOLLOWED = "ndjson"
"""The format of which a part is sent while the statement still runs."""


@dataclasses.dataclass
class Export:
    """An export, who makes it, and how many wait for it."""

    stream: Stream
    making: asyncio.Task[None]
    waiting: int = 0

    @property
    def is_good(self) -> bool:
        """Whether it is under way, or complete and still there."""
        return self.stream.error is None and (not self.stream.done or self.stream.path.exists())


class ExportStreams:
    """The exports of one engine. All methods belong to one event loop."""

    def __init__(self, spool: Path) -> None:
        self._spool = spool
        self._numbers = itertools.count(1)
        self._kept: dict[tuple[str, str, bool], Export] = {}

    @contextlib.contextmanager
    def taken(
        self, worker: Worker, query_id: str, format: ExportFormat, raw: bool, selection: Selection
    ) -> Iterator[Stream]:
        """The file that grows in the worker's process, which is waited for inside the block."""
        key = (selection.name(query_id), format, raw and format in DEFUSED)
        export = self._kept.get(key)
        if export is None or not export.is_good:
            self._kept.pop(key, None)
            export = self._kept[key] = self._begun(worker, query_id, format, key[2], selection)
            while len(self._kept) > KEPT:
                self._kept.pop(next(iter(self._kept)))
        export.waiting += 1
        try:
            yield export.stream
        finally:
            export.waiting -= 1
            if not export.waiting and not export.stream.done:
                export.making.cancel()
                if self._kept.get(key) is export:
                    del self._kept[key]

    def _begun(self, worker: Worker, query_id: str, format: ExportFormat, raw: bool, selection: Selection) -> Export:
        name = selection.name(query_id)
        if format != "arrow":  # a file of its own each time: one that was broken off may still be on its way out
            name = f"{name}.{next(self._numbers)}"
        stream = Stream(self._spool / f"{name}.{format}")
        run = next((run for run in worker.runs.values() if run.id == query_id), None)
        if run and format == FOLLOWED:
            run.result.is_followed = True
        asked = {"query_id": query_id, "format": format, "raw": raw, "selection": dataclasses.asdict(selection)}
        return Export(stream, worker.later(_make(worker, {**asked, "file": stream.path.name}, stream, run)))


async def _make(worker: Worker, asked: wire.Message, stream: Stream, run: Run | None) -> None:
    try:
        message, _ = await worker.ask("export", stream=stream, **asked)
        stream.finish(message["size"])
    except EngineError as error:
        if run and error.code in ("result_expired", "query_failed"):  # it followed a query that failed
            await run.wait()
            error = run.error or error
        stream.finish(error=error)
