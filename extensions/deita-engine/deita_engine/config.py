"""What a workspace server may say about its engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GIB = 1024**3
ADDRESS_SLACK = 2 * GIB


def half_of_the_machine() -> int:
    """Half of the physical memory, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


@dataclass(frozen=True)
class EngineConfig:
    """Folders and limits of one engine.

    `memory_bytes` is what the operating system grants the process; DuckDB's own limit lies below it.
    """

    storage: Path
    spool: Path
    read_only: bool = False
    memory_bytes: int = field(default_factory=half_of_the_machine)
    threads: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))
    max_running: int = 4
    max_waiting: int = 32
    timeout_ms: int = 300_000
    idle_stop_s: float = 600
    result_max_bytes: int = 20 * GIB
    cancel_grace_s: float = 2.0
    busy_timeout_s: float = 10.0
    preview_s: float = 60.0

    @classmethod
    def from_env(
        cls, storage: Path, spool: Path, environment: Mapping[str, str], *, read_only: bool = False
    ) -> EngineConfig:
        """The configuration with what `DEITA_ENGINE_*` variables of `environment` set; raises ValueError for a value
        that is no number.
        """
        names = {
            "MEMORY": ("memory_bytes", int),
            "THREADS": ("threads", int),
            "RUNNING": ("max_running", int),
            "WAITING": ("max_waiting", int),
            "TIMEOUT": ("timeout_ms", int),
            "IDLE": ("idle_stop_s", float),
            "RESULT_MAX": ("result_max_bytes", int),
        }
        given = {
            attribute: kind(environment[f"DEITA_ENGINE_{name}"])
            for name, (attribute, kind) in names.items()
            if environment.get(f"DEITA_ENGINE_{name}")
        }
        return cls(storage, spool, read_only, **given)

    def options(self, role: str) -> dict[str, Any]:
        """What a process of this role is told at its start."""
        spool = self.spool.resolve()
        return {
            "role": role,
            "storage": str(self.storage.resolve()),
            "spool": str(spool),
            "temporary": str(spool / f"temporary-{role}"),
            "read_only": self.read_only,
            "memory": self.memory_bytes * 6 // 10,
            "address_space": self.memory_bytes + ADDRESS_SLACK,
            "threads": self.threads,
            "max_running": self.max_running,
            "result_max_bytes": self.result_max_bytes,
            "busy_timeout_s": self.busy_timeout_s,
        }
