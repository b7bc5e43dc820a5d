"""For whoever watches over Deita: whether it lives, whether it can work, and its figures."""

from __future__ import annotations

import asyncio
import hmac
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client.exposition import choose_encoder

from deita_hub.addresses import HOME
from deita_hub.readiness import Readiness
from deita_hub.service import models
from deita_hub.service.errors import ServiceError
from deita_hub.service.parts import Parts, parts_of

router = APIRouter(prefix=HOME.rstrip("/"), include_in_schema=False)


def watcher(request: Request) -> Parts:
    """The parts, for who brings the token of `metrics_token`; 401 otherwise."""
    parts = parts_of(request)
    scheme, _, token = (request.headers.get("Authorization") or "").partition(" ")
    fits = hmac.compare_digest(token.strip().encode(), parts.secrets.metrics_token.encode())
    if scheme.lower() not in ("bearer", "token") or not fits:
        hint = "Send `Authorization: Bearer <token>` with what is in DEITA_HOME/secrets/metrics_token."
        raise ServiceError("not_signed_in", "Figures need the token that was made for them.", hint)
    return parts


Watched = Annotated[Parts, Depends(watcher)]


@router.get("/livez")
async def livez() -> models.Alive:
    """200 while this process answers; no token is needed, nothing else is asked."""
    return models.Alive(status="ok")


@router.get("/readyz")
async def readyz(request: Request) -> models.Ready:
    """200 when everything that is needed answers, else 503 with what does not; no token is needed."""
    answers = await parts_of(request).readiness.look()
    checks, failing = Readiness.told(answers), [name for name, each in answers.items() if not each.fine]
    if failing:
        details = {"failing": failing, "checks": checks}
        raise ServiceError("unhealthy", f"Not answering: {', '.join(failing)}.", details=details)
    return models.Ready.model_validate({"status": "ok", "checks": checks})


@router.get("/metrics")
async def metrics(request: Request, parts: Watched) -> Response:
    """The control plane's figures, as Prometheus or OpenMetrics text."""
    parts.metrics.looked_up.parts = await parts.readiness.look()
    encode, media_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(await asyncio.to_thread(encode, parts.metrics.registry), headers={"Content-Type": media_type})


@router.get("/metrics/targets")
async def targets(request: Request, parts: Watched) -> list[dict[str, Any]]:
    """What there is to read figures from, as Prometheus's HTTP service discovery wants it."""
    here = request.headers.get("Host", "")
    found = [("control-plane", "", "control-plane"), ("hub", "/hub", "hub"), ("proxy", "/proxy", "proxy")]
    found += [(f"server-{each.id}", f"/servers/{each.id}", each.kind) for each in await parts.scraping.servers()]
    return [
        {
            "targets": [here],
            "labels": {"instance": name, "process": kind, "__metrics_path__": f"{HOME}metrics{path}"},
        }
        for name, path, kind in found
    ]


@router.get("/metrics/hub")
async def hub_metrics(request: Request, parts: Watched) -> Response:
    """JupyterHub's figures."""
    return _passed_on(*await parts.scraping.hub(request.headers.get("Accept", "")))


@router.get("/metrics/proxy")
async def proxy_metrics(request: Request, parts: Watched) -> Response:
    """The proxy's figures."""
    return _passed_on(*await parts.scraping.proxy(request.headers.get("Accept", "")))


@router.get("/metrics/servers/{id}")
async def server_metrics(request: Request, parts: Watched, id: str) -> Response:
    """The figures of a workspace server or a dashboard server."""
    return _passed_on(*await parts.scraping.server(id, request.headers.get("Accept", "")))


def _passed_on(body: bytes, media_type: str) -> Response:
    return Response(body, headers={"Content-Type": media_type})
