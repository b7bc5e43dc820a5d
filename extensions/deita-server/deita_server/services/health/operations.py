"""The operation of `/health`, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Health

OPERATIONS = [Operation("get", "/health", "Ask whether this server works", {200: Health})]
