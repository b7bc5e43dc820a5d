"""up.json: what other `deita` commands read to find the Deita that runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

from deita_hub.settings import Settings


def of(settings: Settings) -> dict[str, object]:
    """What is told of a Deita with these settings, which are resolved."""
    return {
        "pid": os.getpid(),
        "url": settings.public_url,
        "local": settings.origins.local,
        "trust_everyone": settings.trust_everyone,
        "sandbox": settings.sandbox,
        "sandbox_network": settings.sandbox_network,
        "spawner": settings.spawner.kind,
    }


def write(path: Path, state: dict[str, object]) -> None:
    """Replace the file in one step, readable by its owner only."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(json.dumps(state), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(path)
