"""Runs it: `python -m deita_hub.docker_proxy`."""

from __future__ import annotations

import uvicorn

from deita_hub import log_lines, settings
from deita_hub.docker_proxy.app import create_app
from deita_hub.docker_proxy.rules import Policy


def main() -> None:
    """Serve until told to stop."""
    here = settings.load()
    log_lines.install(here.log_format)
    uvicorn.run(
        create_app(Policy.of(here), here.spawner.docker_socket),
        host=here.spawner.bound,
        port=here.ports.docker_proxy,
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=200,
        timeout_graceful_shutdown=2,
    )


main()
