"""Whether an endpoint's answer is still what a client has: a tag of everything that it depends on.

The tag stands for the saved query's version, the values, and the versions of the tables that the statement reads, also
under views. It is weak, because rows without ORDER BY may come in another order.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deita_engine.shapes import Table

    from .models import SavedQuery

TAG = re.compile(r'(?:W/)?("[^"]*")')


@dataclass(frozen=True)
class Freshness:
    """`tag` is the value of ETag, `modified` that of Last-Modified."""

    tag: str
    modified: str

    def is_known(self, if_none_match: str) -> bool:
        """Say whether a client that sends this header has the answer already."""
        known = TAG.findall(if_none_match)
        return if_none_match.strip() == "*" or self.tag.removeprefix("W/") in known


def freshness(saved: SavedQuery, reads: Iterable[str], tables: Iterable[Table], **asked: Any) -> Freshness:
    """Return what an answer depends on: `reads` are the names of the tables that the statement reads, `tables` all that
    stand now, `asked` are values and options.
    """
    names = frozenset(reads)
    read = [table for table in tables if table.name in names]
    versions = sorted((table.name, table.version) for table in read)
    text = json.dumps([saved.slug, saved.version, versions, asked], sort_keys=True)
    newest = max(datetime.fromisoformat(time) for time in (saved.updated_at, *(table.created_at for table in read)))
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return Freshness(f'W/"{digest}"', format_datetime(newest, usegmt=True))
