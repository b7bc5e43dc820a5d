"""The hashes of long results, found when somebody asks for them: in a process of its own, one result at a time.

It is Python over every row (see `fingerprints`: about 2 s for 1 M rows × 7 columns) and would keep the engine's own
threads from the interpreter. An interrupt ends the process; what goes wrong in it stands in the engine's log. It has no
DuckDB, which does not start in a child of a process that is confined.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .results import Spool
from .shapes import EngineError
from .slots import Slots

if TYPE_CHECKING:
    from .operations import Operation

POLL_SECONDS = 0.02


class Hashing:
    """Hashes spooled results."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._turn = Slots(1)

    def run(self, operation: Operation, query_id: str, ordered: bool) -> dict[str, Any]:
        """`{result, loose}` of a finished result; raises EngineError result_expired, out_of_memory, `interrupted`."""
        path = self._spool.path(query_id)
        with self._turn.taken(operation):
            answer = self._ask(operation, path, ordered)
        if not answer and path.exists():
            raise EngineError("out_of_memory", "Rows of this result are too large to be hashed.")
        if not answer:
            raise EngineError("result_expired", "The result is no longer kept.", "Run the query again.")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _ask(self, operation: Operation, path: Path, ordered: bool) -> bytes:
        command = [
            sys.executable,
            "-I",
            "-m",
            "deita_engine.fingerprints_apart",
            str(path),
            "ordered" if ordered else "",
        ]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.communicate(timeout=POLL_SECONDS)[0]
                operation.check()
        finally:
            process.kill()
            process.wait()
