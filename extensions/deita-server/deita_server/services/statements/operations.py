"""The operations of statements being written, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Completions, Formatted, ToComplete, ToFormat, ToValidate, Validation

OPERATIONS = [
    Operation(
        "post",
        "/queries/validate",
        "Judge and bind a statement without running it",
        {200: Validation},
        takes=ToValidate,
        refuses=(404, 410, 503),
    ),
    Operation("post", "/queries/format", "Lay a statement out", {200: Formatted}, takes=ToFormat, refuses=(503,)),
    Operation("post", "/queries/complete", "Complete a statement being written", {200: Completions}, takes=ToComplete),
]
