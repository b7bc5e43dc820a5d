"""Puts the control plane together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, PackageLoader, select_autoescape
from sqlalchemy.exc import OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from deita_hub import __version__
from deita_hub.addresses import API, HOME
from deita_hub.broker.broker import broker_of, database_issuer
from deita_hub.bucket import BucketError
from deita_hub.catalog.database import Catalog
from deita_hub.connections.readers import Readers
from deita_hub.connections.sealing import sealing_of
from deita_hub.place import Place
from deita_hub.secret_files import Secrets
from deita_hub.service import errors, first_start, models, samples, words
from deita_hub.service.access import Access
from deita_hub.service.connections import ConnectionsManager
from deita_hub.service.hub_client import HubClient
from deita_hub.service.manager import WorkspaceManager
from deita_hub.service.measuring import keep_measuring
from deita_hub.service.members import MembersManager
from deita_hub.service.metrics import Metrics
from deita_hub.service.needs import readiness
from deita_hub.service.parts import Parts
from deita_hub.service.request_id import RequestIdMiddleware
from deita_hub.service.routers import (
    connections,
    credentials,
    docs,
    health,
    me,
    members,
    mounts,
    pages,
    probes,
    sign_in,
    tls,
    workspaces,
)
from deita_hub.service.scraping import Scraping
from deita_hub.service.sessions import Sessions
from deita_hub.service.sidecars import Sidecars
from deita_hub.settings import Settings

SWEEP_SECONDS = 6 * 3600.0
HERE = Path(__file__).parent
PROBLEMS: dict[int | str, dict[str, object]] = {
    "4XX": {"model": models.Problem, "description": "What was asked for cannot be had; `code` says why."},
    "5XX": {"model": models.Problem, "description": "A part of Deita does not answer."},
}
log = logging.getLogger("uvicorn.error")


def create_app(settings: Settings, secrets: Secrets) -> FastAPI:
    """The application; its parts are made when it starts."""
    parts = make_parts(settings, secrets)
    app = FastAPI(
        title="Deita control plane",
        version=__version__,
        openapi_url=f"{API}/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan,
        redirect_slashes=False,
        responses=PROBLEMS,
    )
    app.state.parts, app.state.health = parts, health.HealthCheck()
    app.add_middleware(RequestIdMiddleware, metrics=parts.metrics)
    app.add_exception_handler(errors.ServiceError, errors.on_service_error)
    app.add_exception_handler(HTTPException, errors.on_http_error)
    app.add_exception_handler(RequestValidationError, errors.on_invalid)
    for failure in (OperationalError, PoolTimeout):
        app.add_exception_handler(failure, errors.on_database_error)
    for module in (health, me, workspaces, members, connections, credentials, mounts, docs):
        app.include_router(module.router, prefix=API)
    for page in (pages, sign_in, tls, probes):
        app.include_router(page.router)
    app.mount(f"{HOME}static", StaticFiles(directory=HERE / "static"), name="static")
    app.mount(f"{HOME}look", StaticFiles(directory=HERE.parent / "templates"), name="look")
    return app


def make_parts(settings: Settings, secrets: Secrets) -> Parts:
    """What the routes work with."""
    place = Place(settings, Catalog(settings.database_url), secrets.metrics_token)
    hub, metrics = HubClient(settings, secrets), Metrics(settings)
    databases = database_issuer(settings)
    access = Access(place, hub, databases)
    environment = Environment(loader=PackageLoader("deita_hub.service"), autoescape=select_autoescape())
    environment.filters.update(size=words.size, ago=words.ago, exact=words.exact)
    return Parts(
        settings=settings,
        secrets=secrets,
        place=place,
        hub=hub,
        sessions=Sessions(secrets.session_secret, secure=settings.origins.secure),
        access=access,
        workspaces=WorkspaceManager(place, hub, access, databases, metrics),
        members=MembersManager(place, access),
        connections=ConnectionsManager(place, sealing_of(secrets), Readers(settings)),
        broker=broker_of(place, databases),
        sidecars=Sidecars(place, databases),
        metrics=metrics,
        readiness=readiness(place, hub),
        scraping=Scraping(settings, secrets),
        templates=Jinja2Templates(env=environment),
    )


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Bring the catalog up to date, then serve; jobs run beside: what is swept, what the hub follows, sample data."""
    parts: Parts = app.state.parts
    await asyncio.to_thread(parts.place.catalog.migrate)
    await first_start.prepare(parts.place)
    work = (
        _sweep(parts),
        parts.access.keep_following(),
        parts.sidecars.keep(),
        samples.load_pending(parts),
        keep_measuring(parts.place, parts.metrics.looked_up),
    )
    jobs = [asyncio.create_task(each) for each in work]
    try:
        yield
    finally:
        for job in jobs:
            job.cancel()
        await asyncio.gather(*jobs, return_exceptions=True)
        await parts.hub.close()
        await parts.scraping.close()
        await asyncio.to_thread(parts.place.catalog.close)


async def _sweep(parts: Parts) -> None:
    while True:
        try:
            await parts.workspaces.sweep()
        except (OSError, SQLAlchemyError, BucketError, errors.ServiceError):
            log.exception("sweeping deleted workspaces failed; it is tried again later")
        await asyncio.sleep(SWEEP_SECONDS)
