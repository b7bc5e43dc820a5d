"""How servers reach hub and control plane that cannot reach this machine's own address 127.0.0.1.

Containers do at one more address (`DEITA_LISTEN`), sandboxes without a network by a unix socket for each of their
ports: `<port>` in one folder is what listens at 127.0.0.1:<port>. The folder is what a sandbox sees, so that a hub that
was restarted is found again. There is no door to anything else: no proxy, no other server, no address outside.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from deita_hub.settings import Settings

LONGEST = 107
"""Bytes that Linux allows for the path of a unix socket."""


def folder(settings: Settings) -> Path:
    """Where the doors are."""
    return settings.home / "run" / "doors"


def fits(settings: Settings) -> bool:
    """Whether the paths are short enough for the operating system."""
    return len(os.fsencode(folder(settings) / "65535")) <= LONGEST


def entrances(settings: Settings, port: int) -> list[socket.socket]:
    """What hub or control plane listens at beside 127.0.0.1:<port>: a door, or an address of servers' network."""
    if settings.sandbox_network == "none":
        return [opened(settings, port)]
    listen = settings.spawner.listen
    if not listen or listen == settings.spawner.bound:
        return []
    return [listening(listen, port)]


def listening(address: str, port: int) -> socket.socket:
    """A listening socket at this address."""
    entrance = socket.create_server((address, port), backlog=128)
    entrance.setblocking(False)
    return entrance


def opened(settings: Settings, port: int) -> socket.socket:
    """A listening socket behind the door of this port; an earlier one is replaced."""
    path = folder(settings) / str(port)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    path.chmod(0o600)
    door.setblocking(False)
    door.listen(128)
    return door
