"""The `deita` command: one module a verb."""

from __future__ import annotations

from deita_hub.cli.main import main

__all__ = ["main"]
