"""Runs the control plane: `python -m deita_hub.service`."""

from __future__ import annotations

import logging

import uvicorn

from deita_hub import doors, lifeline, log_lines, secret_files, settings
from deita_hub.service.app import create_app


def main() -> None:
    """Serve until told to stop, or until the `deita up` is gone that started it."""
    here = settings.load()
    log_lines.install(here.log_format)
    logging.getLogger("deita").setLevel(logging.INFO)
    app = create_app(here, secret_files.load(here))
    if here.supervised:
        lifeline.watch(here.lifeline, lambda: None)
    config = uvicorn.Config(
        app,
        host=here.spawner.bound,
        port=here.ports.service,
        log_level="info",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
        limit_concurrency=1000,
    )
    uvicorn.Server(config).run([config.bind_socket(), *doors.entrances(here, here.ports.service)])


main()
