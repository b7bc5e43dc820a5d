"""The operation of `/workspace`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Workspace

OPERATIONS = [Operation("get", "/workspace", "Read what this workspace is and takes", {200: Workspace})]
