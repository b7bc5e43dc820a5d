"""Deita's workspace server: the data plane as a Jupyter server extension."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell jupyter-server where the extension is."""
    from .extension import DeitaExtension

    return [{"module": "deita_server.extension", "app": DeitaExtension}]
