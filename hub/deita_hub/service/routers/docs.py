"""The interactive description of the API, from files that are shipped: nothing is fetched from elsewhere."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from deita_hub.service.parts import parts_of

router = APIRouter(include_in_schema=False)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """The page; it reads `openapi.json` beside it."""
    return parts_of(request).templates.TemplateResponse(request, "docs.html", {})
