"""How a noun describes its operations; `openapi` puts them together, the models in them are those that validate."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel

Model = type[BaseModel]


@dataclass(frozen=True)
class Operation:
    """One method of one address.

    `answers` is what each status carries: a model, media types of bytes, both, or nothing. `takes` is the body: a
    model, `bytes` for a file as it is, or the media type of such a body, which need not be there.
    """

    method: str
    path: str
    summary: str
    answers: dict[int, Model | tuple[Model | str, ...] | None]
    query: Model | None = None
    takes: Model | type[bytes] | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    refuses: tuple[int, ...] = ()
