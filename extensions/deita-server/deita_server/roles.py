"""What a role may do: one table, asked in one place (`DeitaHandler.prepare`)."""

from __future__ import annotations

from typing import Literal

Action = Literal["look", "query", "raw", "change"]
"""`raw` is the bytes of files as they were uploaded, and what was read from them before it became a table."""

ALLOWED: dict[str, frozenset[Action]] = {
    "owner": frozenset({"look", "query", "raw", "change"}),
    "editor": frozenset({"look", "query", "raw", "change"}),
    "viewer": frozenset({"look", "query"}),
}


def may(role: str, action: Action) -> bool:
    """Say whether `role` may do `action`; an unknown role may do nothing."""
    return action in ALLOWED.get(role, frozenset())
