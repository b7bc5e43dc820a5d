"""Reach a workspace from outside: ask the control plane where it is, start its server if it does not run."""

from __future__ import annotations

import time
from typing import Any

from deita.errors import DeitaError
from deita.http import Transport, path_of
from deita.progress import Progress, quiet
from deita.workspace import Workspace

CONTROL_PLANE = "services/deita/api/v1"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 1.0


def connect(
    hub_url: str, *, token: str, workspace: str, timeout_s: float = 120, progress: Progress = quiet
) -> Workspace:
    """Open a workspace by its slug, with a token from `deita token`.

    `hub_url` is the address that people open in their browser. The workspace's server is started when it does not run;
    `progress` is called meanwhile and `timeout_s` bounds the wait (DeitaError `start_timeout`).

    >>> ws = deita.connect("http://127.0.0.1:8000", token=token, workspace="shop")
    """
    control = Transport(f"{hub_url.rstrip('/')}/{CONTROL_PLANE}", token)
    path = path_of("workspaces", workspace)
    server: dict[str, Any] = control.get(path)["server"]
    if server["state"] != "ready":
        server = _start(control, path, time.monotonic() + timeout_s, progress)
    return Workspace(server["api"], token, slug=workspace)


def _start(control: Transport, path: str, deadline: float, progress: Progress) -> dict[str, Any]:
    control.send("POST", f"{path}/start")
    pause = FIRST_PAUSE_S
    while True:
        server: dict[str, Any] = control.get(path)["server"]
        progress("Opening the workspace", float(server.get("progress") or 0))
        if server["state"] == "ready":
            return server
        if server["state"] == "failed":
            raise DeitaError("start_failed", "The workspace's server did not start.", "Its log is on Deita's machine.")
        if time.monotonic() > deadline:
            raise DeitaError("start_timeout", "The workspace's server took too long to start.", "Try again in a while.")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_S)
