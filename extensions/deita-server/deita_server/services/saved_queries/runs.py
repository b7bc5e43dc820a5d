"""From a saved query and the values for its parameters to a query that can be started."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from deita_server.errors import bad_field
from deita_server.services.queries.models import NewQuery, SavedRun

from .models import SavedQuery
from .parameters import values

PINNED = re.compile(r"(.+):(\d{1,9})", re.DOTALL)


def query_of(saved: SavedQuery, given: Mapping[str, Any], **options: Any) -> NewQuery:
    """Return the query; `options` are NewQuery's own. Raises DeitaError bad_parameter."""
    types = {param.name: param.type for param in saved.params}
    return NewQuery(sql=saved.sql, params=values(saved.params, given), param_types=types, **options)


def run_of(saved: SavedQuery) -> SavedRun:
    """Return what the receipt of a run says of the saved query."""
    return SavedRun(slug=saved.slug, version=saved.version)


def as_of_address(texts: Sequence[str]) -> dict[str, int] | str | None:
    """Return what `?as_of=` means: a time, or versions by table, each as `table:version`; raises bad_request."""
    if len(texts) == 1 and _is_time(texts[0]):
        return texts[0]
    found = [PINNED.fullmatch(text) for text in texts]
    if None in found or any(match and int(match[2]) < 1 for match in found):
        raise bad_field("as_of", "it must be one time in ISO 8601, or table:version, which may repeat")
    return {match[1]: int(match[2]) for match in found if match} or None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
