"""The catalog for verbs that work on it directly, on the machine that holds it, also while Deita is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from deita_hub.catalog.database import Catalog
from deita_hub.cli.running import state_of
from deita_hub.settings import Settings


@contextlib.contextmanager
def opened(settings: Settings) -> Iterator[Catalog]:
    """The catalog; brought up to date unless a running Deita has done that."""
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    catalog = Catalog(settings.database_url)
    try:
        if state_of(settings) is None:
            catalog.migrate()
        yield catalog
    finally:
        catalog.close()
