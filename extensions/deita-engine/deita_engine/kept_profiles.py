"""Profiles of views, kept as long as what they read stays the same.

A view has no versions of its own: its rows change with the tables below it, a commit to another changes nothing.
So a profile is kept by the SQL of the view and of those that it reads, and by the data files and columns of the
tables; not where a clock or chance has a part in it (`Stability`). They live and die with the engine's process.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import duckdb

from .catalog import Snapshot
from .dependencies import Dependencies
from .stability import Stability

MAX_BYTES = 16 * 2**20
Profile = dict[str, Any]


class KeptProfiles:
    """The newest profiles of views, up to `MAX_BYTES` as JSON."""

    def __init__(self, dependencies: Dependencies, stability: Stability) -> None:
        self._dependencies, self._stability = dependencies, stability
        self._kept: OrderedDict[str, tuple[Profile, int]] = OrderedDict()
        self._lock = threading.Lock()

    def of(
        self, cursor: duckdb.DuckDBPyConnection, view: str, snapshot: Snapshot, find: Callable[[], Profile]
    ) -> Profile:
        """The profile of a view of the snapshot: the one that is kept, or what `find` returns."""
        names = self._dependencies.of(cursor, (view,), snapshot)
        if not self._stability.holds(*(held.sql for held in snapshot.views if held.name in names)):
            return find()
        key = hashlib.sha256(repr([view, snapshot.held(names)]).encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        profile = find()
        self._keep(key, profile)
        return profile

    def _keep(self, key: str, profile: Profile) -> None:
        with self._lock:
            self._kept[key] = profile, len(json.dumps(profile))
            while sum(size for _, size in self._kept.values()) > MAX_BYTES:
                self._kept.popitem(last=False)
