"""`/openapi.json` and the interactive page over it, whose assets are shipped: nothing is loaded from elsewhere. What
outputs of notebooks load is sent the same way.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyter_server.base.handlers import APIHandler

from .base import DeitaHandler
from .errors import DeitaError

STATIC = Path(__file__).parent / "static"
ASSETS = {
    "results.js": (STATIC / "notebook" / "results.js", "text/javascript; charset=utf-8"),
    "docs.js": (STATIC / "docs.js", "text/javascript; charset=utf-8"),
    "swagger-ui.css": (STATIC / "swagger" / "swagger-ui.css", "text/css; charset=utf-8"),
    "swagger-ui-bundle.js": (STATIC / "swagger" / "swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
}
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "frame-ancestors 'self'",
    )
)


class OpenAPIHandler(DeitaHandler):
    """The OpenAPI document."""

    async def get(self) -> None:
        """Send the document."""
        server = self.request.path.removesuffix("/openapi.json")
        self.answer(await asyncio.to_thread(_document, server))


class DocsHandler(DeitaHandler):
    """The page."""

    @property
    def content_security_policy(self) -> str:
        """Let the page run our own script and nothing else."""
        return POLICY

    def get_login_url(self) -> str:
        """Send a person without a session to sign in: this is the one address that people type."""
        return super(APIHandler, self).get_login_url()

    async def get(self) -> None:
        """Send the page, and the XSRF cookie that requests tried out on it need."""
        _ = self.xsrf_token
        page = await asyncio.to_thread((STATIC / "docs.html").read_bytes)
        self.finish(page, set_content_type="text/html; charset=utf-8")


class AssetHandler(DeitaHandler):
    """The script and style of the page, and the script that outputs of notebooks load to show all rows."""

    async def get(self, asset: str) -> None:
        """Send one of the files that are known by name."""
        path, media_type = ASSETS.get(asset, (None, ""))
        content = await asyncio.to_thread(_content, path) if path else None
        if content is None:
            raise DeitaError("not_found", "There is nothing at this address.")
        self.set_header("Cache-Control", "private, max-age=3600")
        self.finish(content, set_content_type=media_type)


def _document(server: str) -> dict[str, Any]:
    from .openapi import document

    return document(server)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


ROUTES: list[tuple[str, type[DeitaHandler]]] = [
    ("/openapi.json", OpenAPIHandler),
    ("/docs", DocsHandler),
    ("/docs/{asset}", AssetHandler),
    ("/notebook/{asset}", AssetHandler),
]
