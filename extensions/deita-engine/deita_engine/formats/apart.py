"""Reading in a process of its own: for formats whose readers can be made to crash, or to take any amount of memory.

Workbooks and Arrow files are parsed by native libraries that trust lengths in the file. A crash or an exhausted memory
ends this process and not the engine, and an interrupt ends it at once. It costs the start of a Python, 0.05 s.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from typing import Any

from deita_engine import disk
from deita_engine.shapes import EngineError

from .plan import Reading

SECONDS = 60
BYTES_PER_SECOND = 2 * 1024**2
POLL_SECONDS = 0.02


def read_apart(reading: Reading, module: str, memory: int, **request: Any) -> dict[str, Any]:
    """What `answer` of the module says to the request; raises its EngineError, or file_unreadable when the process
    died, took longer than a file of this size may, or needed more than `memory` bytes; no_space when it could not
    write.
    """
    answer = reading.folder / "answer.json"
    said = json.dumps({"path": str(reading.path), "folder": str(reading.folder), "memory": memory, **request})
    (reading.folder / "request.json").write_text(said)
    with (reading.folder / "request.json").open("rb") as source, answer.open("wb") as target:
        process = subprocess.Popen(
            [sys.executable, "-I", "-m", f"deita_engine.formats.{module}"],
            stdin=source,
            stdout=target,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        )
    _wait(process, reading, SECONDS + reading.path.stat().st_size / BYTES_PER_SECOND)
    if process.returncode == disk.EXIT_STATUS:
        raise disk.no_space()
    try:
        found: dict[str, Any] = json.loads(answer.read_bytes())
    except ValueError as error:
        message = "The file is damaged, or its content is far larger than the file."
        raise EngineError("file_unreadable", message, "Open it where it comes from and save it as CSV.") from error
    if "error" in found:
        raise EngineError(**found["error"])
    return found


def _wait(process: subprocess.Popen[bytes], reading: Reading, seconds: float) -> None:
    end = time.monotonic() + seconds
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(POLL_SECONDS)
                return
            reading.check()
            if time.monotonic() > end:
                raise EngineError("file_unreadable", "Reading the file takes longer than it may.")
    finally:
        process.kill()
        process.wait()
