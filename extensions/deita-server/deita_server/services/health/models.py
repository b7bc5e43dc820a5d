"""The shape of health."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class EngineHealth(BaseModel):
    """The engine's process; `stopped` is healthy: it starts with the first query."""

    state: Literal["stopped", "ready"]
    running: int
    waiting: int
    restarts: int


class Alive(BaseModel):
    """That the server answers."""

    status: Literal["ok"]


class Check(BaseModel):
    """Whether a part answers, and after how many milliseconds."""

    ok: bool
    ms: float


class Ready(BaseModel):
    """Every part that is needed, by name."""

    status: Literal["ok"]
    checks: dict[str, Check]


class Health(BaseModel):
    """Whether this server answers."""

    status: Literal["ok"]
    version: str
    engine: EngineHealth
