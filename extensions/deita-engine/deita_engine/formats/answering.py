"""The far side of a reader apart: one request on standard input, one answer on standard output, within its memory."""

from __future__ import annotations

import ctypes
import gc
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from deita_engine import disk
from deita_engine.kept_out import keep_out
from deita_engine.shapes import EngineError

PR_SET_PDEATHSIG = 1


def answering(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer the request, then end at once; an EngineError is an answer, too, a full disk an exit status."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    keep_out()
    gc.disable()  # millions of cells and no cycles: looking for some takes as long as making columns of them
    try:
        json.dump(_answered(answer, request), sys.stdout)
        sys.stdout.flush()
    except OSError as error:
        if disk.is_full(error):
            os._exit(disk.EXIT_STATUS)
        raise
    os._exit(0)


def _answered(answer: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    try:
        return answer(request)
    except EngineError as error:
        return {"error": {"code": error.code, "message": error.message, "hint": error.hint, "details": error.details}}
