"""The operations of `/workspace`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Upkeep, Workspace

OPERATIONS = [
    Operation("get", "/workspace", "Read what this workspace is and takes", {200: Workspace}),
    Operation("post", "/workspace/upkeep", "Compact tables and delete what no kept version needs", {200: Upkeep}),
]
