"""The operation of undo, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Undone

OPERATIONS = [
    Operation(
        "post",
        "/queries/{id}/undo",
        "Take back what a statement wrote, if nobody wrote to the table since",
        {200: Undone},
        refuses=(403, 404, 409, 410, 503),
    ),
]
