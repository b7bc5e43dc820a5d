"""This server's log: how its lines look, one for each request, and each request known by its id."""

from __future__ import annotations

import logging
from typing import Any

from deita_engine import log_lines
from deita_engine.tracing import begin, trace_of

from .settings import Settings

QUIET = ("/livez", "/readyz", "/metrics", "/health", "/static/")
"""What is asked so often, or is so small, that a success is not worth a line."""
FAILED_CELL = "Error at server while executing cell"


class Logging:
    """What an application of traitlets mixes in so that its lines look as `DEITA_LOG_FORMAT` says."""

    @property
    def _log_formatter_cls(self) -> type[log_lines.Lines]:
        return log_lines.lines(Settings.from_environment().log_format)


def follow(application: Any) -> None:
    """Have a tornado application begin a trace for each request, whatever handles it."""
    find = application.find_handler

    def found(request: Any, **more: Any) -> Any:
        begin(trace_of(request.headers))
        return find(request, **more)

    application.find_handler = found


def without_cells(record: logging.LogRecord) -> bool:
    """Leave out what Voila quotes of a cell that failed: who made it sees that in JupyterLab."""
    if isinstance(record.msg, str) and record.msg.startswith(FAILED_CELL):
        record.msg, record.args = "A cell of an app failed.", ()
    return True


class Requests:
    """Writes the line of each request; a success of the data plane's is one only where programs read the log."""

    def __init__(self, format: str) -> None:
        self._success = logging.INFO if format == "json" else logging.DEBUG

    def __call__(self, handler: Any) -> None:
        """What jupyter-server calls at the end of each request."""
        request, status = handler.request, handler.get_status()
        level = self._level(status, request.path)
        log = getattr(handler, "log", None)
        if log is None or not log.isEnabledFor(level):
            return
        seconds = request.request_time()
        fields = {
            "method": request.method,
            "path": request.path[:1000],
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
        log.log(level, "%s %s %s %s ms", status, request.method, request.path, fields["ms"], extra={"fields": fields})

    def _level(self, status: int, path: str) -> int:
        if status >= 400:
            return logging.ERROR if status >= 500 and status != 503 else logging.WARNING
        return logging.DEBUG if any(part in path for part in QUIET) else self._success
