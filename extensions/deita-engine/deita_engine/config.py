"""What a workspace server may say about its engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .access import ports_of

GIB = 1024**3
ADDRESS_SLACK = 2 * GIB


def half_of_the_machine() -> int:
    """Half of the physical memory, in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


@dataclass(frozen=True)
class EngineConfig:
    """Folders and limits of one engine.

    `remote` is the URL of a workspace whose files lie in a bucket; `storage` holds what is local then, too. A
    `read_only` engine finds DuckLake's SQLite file in `copies` if there are any, and then writes into the spool alone.
    Of a workspace in a bucket `cache_bytes` of what was written here are kept in `storage`.
    `memory_bytes` is what the operating system grants the process; DuckDB's own limit lies below it. `readable` are
    folders outside the storage that hold files to import; others cannot be opened where the kernel has Landlock.
    """

    storage: Path
    spool: Path
    remote: str | None = None
    read_only: bool = False
    copies: Path | None = None
    readable: tuple[Path, ...] = ()
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
    log_format: str = "text"
    cache_bytes: int = 10 * GIB

    @classmethod
    def from_env(
        cls,
        storage: Path,
        spool: Path,
        environment: Mapping[str, str],
        *,
        remote: str | None = None,
        read_only: bool = False,
        copies: Path | None = None,
        cache_bytes: int = 10 * GIB,
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
            "LOG_FORMAT": ("log_format", str),
        }
        given = {
            attribute: kind(environment[f"DEITA_ENGINE_{name}"])
            for name, (attribute, kind) in names.items()
            if environment.get(f"DEITA_ENGINE_{name}")
        }
        return cls(storage, spool, remote, read_only, copies, cache_bytes=cache_bytes, **given)

    @property
    def second_memory_bytes(self) -> int:
        """What is kept for reads on their second try, beside what all others share."""
        return self.memory_bytes * 2 // 10

    def options(self, role: str, access: dict[str, Any]) -> dict[str, Any]:
        """What a process of this role is told at its start; of `access`, only the ports that it leads to.

        Reading SQLite's own files, and not copies, takes writing beside them.
        """
        storage, spool = self.storage.resolve(), self.spool.resolve()
        looks = self.read_only and (self.copies is not None or access.get("database", {}).get("kind") == "postgresql")
        return {
            "role": role,
            "storage": str(storage),
            "spool": str(spool),
            "temporary": str(spool / f"temporary-{role}"),
            "remote": self.remote,
            "cache_bytes": self.cache_bytes,
            "access": bool(access),
            "ports": ports_of(access),
            "read_only": self.read_only,
            "copies": str(self.copies.resolve()) if self.copies else None,
            "readable": [
                str(folder) for folder in map(Path.resolve, (*self.readable, storage, self.copies or storage))
            ],
            "writable": [str(folder) for folder in ((spool,) if looks else (spool, storage))],
            "memory": self.memory_bytes * 6 // 10,
            "second_memory": self.second_memory_bytes,
            "address_space": self.memory_bytes + ADDRESS_SLACK,
            "threads": 1 if role == "upkeep" else self.threads,
            "max_running": self.max_running,
            "result_max_bytes": self.result_max_bytes,
            "busy_timeout_s": self.busy_timeout_s,
            "log_format": self.log_format,
        }
