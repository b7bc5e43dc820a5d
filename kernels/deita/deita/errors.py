"""What can go wrong, as exceptions with the data plane's own code, message and hint."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from typing import Any

WINDOW = 100  # characters of a long line that are shown around the place of an error


class DeitaError(Exception):
    """An answer of Deita that is not what was asked for.

    `code` is stable and meant for programs, `message` and `hint` are for people, `details` depends on the code,
    `status` is the HTTP status (0 when nothing was answered), `request_id` is what the server's log calls the request.
    """

    def __init__(
        self,
        code: str,
        message: str,
        hint: str | None = None,
        details: Mapping[str, Any] | None = None,
        *,
        status: int = 0,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.details: dict[str, Any] = dict(details or {})
        self.status = status
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class QueryError(DeitaError):
    """A statement that was refused or failed; `str()` shows its line with a caret under the place.

    `sql` is the statement; `line` and `column` count from 1 and are None where the engine knows no place.
    """

    def __init__(self, sql: str, cause: DeitaError) -> None:
        super().__init__(
            cause.code, cause.message, cause.hint, cause.details, status=cause.status, request_id=cause.request_id
        )
        self.sql = sql
        self.line = _whole(cause.details.get("line"))
        self.column = _whole(cause.details.get("column"))

    def __str__(self) -> str:
        parts = [self.message]
        if self.line is not None:
            parts.append(point_at(self.sql, self.line, self.column))
        if self.hint:
            parts.append(self.hint)
        return "\n".join(part for part in parts if part)


class ServerUnavailable(DeitaError):
    """Nobody answered, or the connection broke: `server_unreachable`."""


class ResultIncomplete(DeitaError):
    """A result ended before its last row: `result_incomplete`. What was read so far is not the answer."""


def from_answer(status: int, body: bytes, request_id: str | None = None) -> DeitaError:
    """Read the error shape of either plane; anything else (a proxy's page, say) is told by its status alone."""
    try:
        shape = json.loads(body)
    except ValueError:
        shape = None
    if not isinstance(shape, dict) or not isinstance(shape.get("code"), str):
        hint = "Is this the address of a Deita?" if status < 500 else None
        return DeitaError("unexpected_answer", f"The server answered with status {status}.", hint, status=status)
    return from_shape(shape, status, request_id)


def from_shape(shape: Mapping[str, Any], status: int = 0, request_id: str | None = None) -> DeitaError:
    """An error of an answer's body, or the `error` of a query or an import."""
    return DeitaError(
        str(shape["code"]),
        str(shape.get("message") or shape["code"]),
        shape.get("hint"),
        shape.get("details"),
        status=int(shape.get("status") or status),
        request_id=shape.get("request_id") or request_id,
    )


def point_at(sql: str, line: int, column: int | None) -> str:
    r"""Show one line of `sql` with a caret under a column (both count from 1).

    >>> print(point_at("SELECT *\nFORM flights", 2, 1))
    line 2: FORM flights
            ^
    """
    lines = sql.splitlines()
    if not 1 <= line <= len(lines):
        return ""
    text = lines[line - 1].replace("\t", " ")
    label = f"line {line}: "
    if column is None:
        return label + text[:WINDOW]
    place = min(max(column - 1, 0), len(text))
    start = max(0, place - WINDOW // 2)
    before = ("…" if start else "") + text[start:place]
    after = text[place : start + WINDOW] + ("…" if len(text) > start + WINDOW else "")
    return f"{label}{before}{after}\n{' ' * (len(label) + _width(before))}^"


def _width(text: str) -> int:
    """Columns that a terminal takes: wide East Asian characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and value > 0 else None
