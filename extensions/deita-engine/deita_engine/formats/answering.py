"""The far side of a reader apart: one request on standard input, one answer on standard output, within its memory."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from deita_engine.shapes import EngineError

PR_SET_PDEATHSIG = 1


def answering(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answer the request, then end at once; an EngineError is an answer, too."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    request = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_DATA, (request["memory"], request["memory"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = answer(request)
    except EngineError as error:
        found = {"error": {"code": error.code, "message": error.message, "hint": error.hint, "details": error.details}}
    json.dump(found, sys.stdout)
    sys.stdout.flush()
    os._exit(0)
