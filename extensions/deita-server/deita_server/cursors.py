"""Opaque cursors: where a list goes on, and of which list, so that a cursor is never used for another."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from .errors import DeitaError


def encode(scope: str, place: Any) -> str:
    """Return a cursor to `place` (plain JSON) of the list that `scope` names."""
    return base64.urlsafe_b64encode(json.dumps([_mark(scope), place]).encode()).decode().rstrip("=")


def decode(scope: str, cursor: str) -> Any:
    """Return the place; raises `bad_cursor` for anything that `encode` did not make for this scope."""
    try:
        mark, place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, binascii.Error) as error:
        raise DeitaError("bad_cursor", "This cursor cannot be read.") from error
    if mark != _mark(scope):
        raise DeitaError("bad_cursor", "This cursor belongs to another list, order or filter.")
    return place


def offset(scope: str, cursor: str | None) -> int:
    """Return the row at which a page begins; 0 without a cursor."""
    place = decode(scope, cursor) if cursor else 0
    if not isinstance(place, int) or isinstance(place, bool) or place < 0:
        raise DeitaError("bad_cursor", "This cursor cannot be read.")
    return place


def _mark(scope: str) -> str:
    return hashlib.blake2s(scope.encode(), digest_size=6).hexdigest()
