"""Fixtures of the package's tests."""

from __future__ import annotations

from .live_hub import hub, server
from .workspace_server import api, start_server, workspace

__all__ = ["api", "hub", "server", "start_server", "workspace"]
