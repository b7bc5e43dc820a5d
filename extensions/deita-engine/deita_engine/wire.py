"""Frames on the socket between server and engine: a JSON head and, behind it, bytes that are passed on as they are.

A frame is two big-endian unsigned 32-bit lengths, the head (UTF-8 JSON object), the attachment (often empty). The
attachment carries a page of rows that is JSON already, so that neither side encodes it a second time.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from typing import Any

from .shapes import (
    ChartSpec,
    Column,
    Commit,
    Cost,
    EngineError,
    Evidence,
    Filter,
    Parameter,
    Selection,
    Source,
    Table,
    Validation,
)

LENGTHS = struct.Struct(">II")
MAX_HEAD = 64 * 1024 * 1024
MAX_ATTACHMENT = 256 * 1024 * 1024

Message = dict[str, Any]


def encode(message: Message, attachment: bytes = b"") -> bytes:
    """One frame, ready to be sent."""
    head = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=_plain).encode(
        "utf-8", "surrogatepass"
    )
    return LENGTHS.pack(len(head), len(attachment)) + head + attachment


def lengths(prefix: bytes) -> tuple[int, int]:
    """The two lengths of a frame's prefix; raises ValueError when they exceed the limits."""
    head, attachment = LENGTHS.unpack(prefix)
    if head > MAX_HEAD or attachment > MAX_ATTACHMENT:
        raise ValueError("frame too large")
    return head, attachment


def decode(head: bytes) -> Message:
    """The head of a frame."""
    message: Message = json.loads(head.decode("utf-8", "surrogatepass"))
    return message


def _plain(value: object) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} does not cross the socket")


def error_of(data: Message) -> EngineError:
    """An error that crossed the socket."""
    return EngineError(data["code"], data["message"], data.get("hint"), data.get("details"))


def error_message(error: EngineError) -> Message:
    """An error on its way across the socket."""
    return {"code": error.code, "message": error.message, "hint": error.hint, "details": error.details}


def columns_of(data: list[Message]) -> tuple[Column, ...]:
    """Columns that crossed the socket."""
    return tuple(Column(**column) for column in data)


def evidence_of(data: Message) -> Evidence:
    """Evidence that crossed the socket."""
    return Evidence(**{**data, "cost": Cost(**data["cost"])})


def commit_of(data: Message) -> Commit:
    """A commit that crossed the socket."""
    return Commit(**{**data, "source": Source(**data["source"]), "columns": columns_of(data["columns"])})


def table_of(data: Message) -> Table:
    """A table that crossed the socket."""
    return Table(**{**data, "source": Source(**data["source"]), "columns": columns_of(data["columns"])})


def validation_of(data: Message, error: Message | None) -> Validation:
    """What a statement would be, as it crossed the socket."""
    return Validation(
        **{
            **data,
            "columns": None if data["columns"] is None else columns_of(data["columns"]),
            "parameters": tuple(Parameter(**parameter) for parameter in data["parameters"]),
            "tables": tuple(data["tables"]),
            "error": error_of(error) if error else None,
        }
    )


def selection_of(data: Message) -> Selection:
    """A selection that crossed the socket."""
    return Selection(tuple((column, down) for column, down in data["order"]), _filters_of(data))


def chart_of(data: Message) -> ChartSpec:
    """A chart that crossed the socket."""
    return ChartSpec(**{**data, "filters": _filters_of(data)})


def _filters_of(data: Message) -> tuple[Filter, ...]:
    return tuple((column, operator, value) for column, operator, value in data["filters"])
