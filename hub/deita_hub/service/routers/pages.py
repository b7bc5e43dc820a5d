"""The pages for people: the list of workspaces, and the one that is shown while a workspace opens."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deita_hub import names
from deita_hub.addresses import HOME
from deita_hub.service.errors import ServiceError
from deita_hub.service.hub_client import Caller
from deita_hub.service.identity import caller_of
from deita_hub.service.parts import parts_of
from deita_hub.service.permissions import server_user
from deita_hub.service.sessions import relative

router = APIRouter(include_in_schema=False)
SHOWN = 200
MISSING = ("There is no such workspace", "It may have been deleted, or you are not a member of it.", "")
SIGN_IN_FAILED = (
    "Signing in did not work",
    "It took too long, or it was begun in another browser.",
    "Try again from the list of workspaces.",
)


@router.get("/services/deita")
async def root() -> RedirectResponse:
    """The home page has a slash at its end."""
    return RedirectResponse(HOME)


@router.get(HOME)
async def home(request: Request) -> Response:
    """The caller's workspaces."""
    caller = await _signed_in(request)
    if isinstance(caller, Response):
        return caller
    items, following = await parts_of(request).workspaces.page(caller.name, "", SHOWN)
    items.sort(key=lambda each: each.last_used_at or each.created_at, reverse=True)
    sign_in = parts_of(request).settings.sign_in
    newcomer = f"Name at {sign_in.label}" if sign_in.by_provider else "Name of a person"
    context = {"person": caller.name, "workspaces": items, "more": following is not None, "newcomer": newcomer}
    return _page(request, "home.html", context)


@router.get(f"{HOME}open/{{slug}}")
async def open_workspace(request: Request, slug: str, next: str = "") -> Response:
    """Shown while the caller's server starts; its script asks for the start and goes on when it is ready."""
    caller = await _signed_in(request)
    if isinstance(caller, Response):
        return caller
    try:
        workspace = await parts_of(request).workspaces.one(caller.name, names.check_slug(slug))
    except (ServiceError, names.NameRefusedError):
        return _notice(request, MISSING, caller.name, 404)
    user = server_user(caller.name, workspace.role, slug)
    base = f"/user/{user}/{slug}/"
    target = relative(next, base)
    settings = parts_of(request).settings
    origin = settings.origins.of(user) if settings.subdomain_host else ""
    context = {
        "person": caller.name,
        "workspace": workspace,
        "target": origin + (target if target != base else f"{base}apps/explore"),
        "log": f"logs/servers/{user}--{slug}.log",
    }
    return _page(request, "open.html", context)


@router.get(f"{HOME}sign-in-failed")
async def sign_in_failed(request: Request) -> Response:
    """A sign-in that this browser did not begin, or that took too long."""
    return _notice(request, SIGN_IN_FAILED, None, 400)


async def _signed_in(request: Request) -> Caller | Response:
    """The caller, or the way to the hub's sign-in for who has no session."""
    try:
        return await caller_of(request)
    except ServiceError as error:
        if error.code == "not_signed_in":
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            response = RedirectResponse("", status_code=303)
            response.headers["Location"] = parts_of(request).sessions.begin(response, wanted)
            return response
        refused = ("This is not open to you", error.message, error.hint or "")
        return _notice(request, refused, None, error.status)


def _page(request: Request, name: str, context: dict[str, object], status: int = 200) -> HTMLResponse:
    response = parts_of(request).templates.TemplateResponse(request, name, context, status_code=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _notice(request: Request, words: tuple[str, str, str], person: str | None, status: int) -> HTMLResponse:
    title, message, hint = words
    return _page(request, "notice.html", {"title": title, "message": message, "hint": hint, "person": person}, status)
