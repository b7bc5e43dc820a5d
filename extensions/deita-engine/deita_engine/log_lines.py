"""How a line of a log looks: JSON for programs or text for people, bounded, without secrets and without data.

Of an exception stands there what it is and where it happened, but not what it says: messages of databases and parsers
quote statements and cells. Queries of addresses, tokens and passwords in addresses are left out of all messages.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from . import tracing

LONGEST = 4000
"""Characters of a message, and of an exception."""
MOST_FRAMES = 30
FORMATS = ("text", "json")
LEFT_OUT = (
    ("?", re.compile(r"(/[^\s?\"']*)\?[^\s\"']+"), r"\1?…"),
    ("", re.compile(r"(?i)\b(bearer|basic|token|password|secret)(\s+|=|['\"]?:\s*['\"]?)[\w.~+/=-]{12,}"), r"\1\2…"),
    ("@", re.compile(r"://[^/\s:@]+:[^/\s@]+@"), "://…@"),
)
"""What begins it to be looked for (quicker than a pattern), what it looks like, what stands in its place."""
encode = json.JSONEncoder(ensure_ascii=False, default=str).encode


def cleaned(text: str) -> str:
    """The text without what may be secret, cut to `LONGEST`."""
    text = text[: 2 * LONGEST]
    for sign, pattern, instead in LEFT_OUT:
        if sign in text:
            text = pattern.sub(instead, text)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def described(error: BaseException | None) -> str:
    """What an exception is and where it came from, its causes first; without its message."""
    parts: list[str] = []
    while error is not None and len(parts) < 5:
        frames = traceback.extract_tb(error.__traceback__)[-MOST_FRAMES:]
        lines = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        parts.insert(0, "\n".join([*lines, f"{type(error).__module__}.{type(error).__qualname__}"]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(parts)[-LONGEST:]


def named(error: BaseException) -> str:
    """An error without its text: its code, or what the operating system calls it."""
    more = getattr(error, "code", None) or getattr(error, "strerror", None)
    return f"{type(error).__qualname__} ({more})" if isinstance(more, str) else type(error).__qualname__


class Lines(logging.Formatter):
    """What both kinds share. The arguments are those with which traitlets and JupyterHub make formatters: not used."""

    def __init__(self, fmt: str | None = None, datefmt: str | None = None, style: str = "%", **_: Any) -> None:
        super().__init__()

    def message(self, record: logging.LogRecord) -> str:
        """What is said. An error that is said stands there by its name: its text may quote data."""
        said = named(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
        args = record.args
        if isinstance(args, tuple):
            args = tuple(named(each) if isinstance(each, BaseException) else each for each in args)
        return cleaned(said % args if args else said)

    def exception(self, record: logging.LogRecord) -> str:
        """What went wrong, empty if nothing did."""
        return described(record.exc_info[1]) if record.exc_info and record.exc_info[1] else ""


class JsonLines(Lines):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self.message(record),
        }
        if trace := tracing.current():
            line |= {"request_id": trace.request_id, "traceparent": trace.traceparent}
        line |= getattr(record, "fields", {})
        if error := self.exception(record):
            line["exception"] = error
        return encode(line)


class TextLines(Lines):
    """As Jupyter's logs look, with the request's id where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and what went wrong below it."""
        time = datetime.fromtimestamp(record.created).isoformat(" ", timespec="milliseconds")
        trace = tracing.current()
        request = f" (request {trace.request_id})" if trace else ""
        line = f"[{record.levelname[0]} {time} {record.name}] {self.message(record)}{request}"
        error = self.exception(record)
        return f"{line}\n{error}" if error else line


def lines(format: str) -> type[Lines]:
    """The kind of lines that `DEITA_LOG_FORMAT` names."""
    return JsonLines if format == "json" else TextLines


def install(format: str, level: int = logging.WARNING) -> None:
    """Have everything that no other handler takes written to stderr like this, warnings and the last error included."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(lines(format)())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    sys.excepthook = _log_the_last


def _log_the_last(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log = logging.getLogger("deita")
    log.critical("The process ends by an error: %s", str(error), exc_info=(kind, error, where))
