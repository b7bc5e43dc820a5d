"""What the managers are told about how much of everything there may be."""

from __future__ import annotations

from typing import Protocol


class Limits(Protocol):
    """The extension's configuration, as far as the managers need it."""

    max_upload_bytes: int
    upload_lifetime: float
    max_queries: int
    max_history_bytes: int
    max_spool_bytes: int
    result_lifetime: float
    max_imports: int
    max_previews: int
    review_below: float
    max_wait_ms: int
    max_versions: int
    version_days: float
    upkeep_idle: float
    upkeep_interval: float
    upkeep_grace: float
    orphan_age: float
