"""Upkeep of the lake: compaction, then expiry, one process of a workspace at a time, within a budget."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .compaction import Compaction
from .expiry import Expiry
from .reader import Reader
from .shapes import UpkeepSpec
from .writer import Writer

if TYPE_CHECKING:
    from .operations import Operation

NICENESS = 10


class Upkeep:
    """Keeps the lake small and quick."""

    def __init__(self, reader: Reader, writer: Writer) -> None:
        self._compaction, self._expiry = Compaction(reader, writer), Expiry(writer)
        self._catalog, self._metadata = writer.catalog, writer.metadata

    def run(self, operation: Operation, spec: UpkeepSpec) -> dict[str, Any]:
        """Do what is due; returns what was done. Raises EngineError workspace_busy while another one is at it."""
        deadline = time.monotonic() + spec.seconds
        os.nice(NICENESS)
        with self._metadata.upkeep_lock():
            if not self._catalog.newest():
                return {}
            compacted = self._compaction.run(operation, spec.bytes)
            return {**asdict(compacted), **asdict(self._expiry.run(operation, spec, deadline))}
