"""One line for each request that the hub or the control plane answered: what was asked, without the address's query.

JupyterHub's own function leaves out what looks like a token in a query; sign-in carries whole addresses in one.
"""

from __future__ import annotations

import logging
from typing import Any

QUIET = ("/health", "/livez", "/readyz", "/metrics", "/static/")
"""What is asked so often, or is so small, that a success is not worth a line."""
log = logging.getLogger("deita.requests")


def of_handler(handler: Any) -> None:
    """What JupyterHub calls at the end of each request."""
    # imported late: the control plane runs without JupyterHub's modules
    from jupyterhub.metrics import prometheus_log_method

    request = handler.request
    note(request.method, request.path, handler.get_status(), request.request_time())
    prometheus_log_method(handler)


def note(method: str, path: str, status: int, seconds: float) -> None:
    """Write the line."""
    level = logging.ERROR if status >= 500 and status != 503 else logging.WARNING if status >= 400 else logging.INFO
    if status < 400 and any(part in path for part in QUIET):
        level = logging.DEBUG
    fields = {"method": method, "path": path[:1000], "status": status, "ms": round(seconds * 1000, 1)}
    log.log(level, "%s %s %s %s ms", status, method, path, fields["ms"], extra={"fields": fields})
