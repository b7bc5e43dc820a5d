"""The operations for whoever watches, described."""

from __future__ import annotations

from deita_server.operations import Operation

from .models import Alive, Health, Ready

OPERATIONS = [
    Operation("get", "/health", "Ask whether this server works", {200: Health}),
    Operation("get", "/livez", "Ask whether it lives; needs no token", {200: Alive}),
    Operation("get", "/readyz", "Ask whether it can work; needs no token", {200: Ready}, refuses=(503,)),
    Operation("get", "/metrics", "Read its figures", {200: ("text/plain", "application/openmetrics-text")}),
]
