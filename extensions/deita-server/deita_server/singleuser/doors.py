"""Ways out of a sandbox without a network: a unix socket for each port of hub and control plane, in one folder.

`DEITA_DOORS` names the folder; a request to 127.0.0.1:8081 goes through the socket `8081` in it. The server itself
listens at a socket that the hub opened outside and handed in (`DEITA_LISTENER`), beside its port in here, which its own
kernels use. Behind a door of its own may be a proxy that leads outside.
"""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

from tornado.iostream import IOStream, StreamClosedError
from tornado.netutil import DefaultLoopResolver, Resolver
from tornado.tcpserver import TCPServer

PIECE = 65536


class DoorResolver(Resolver):
    """Finds addresses as usual, but those of this machine behind their doors."""

    def initialize(self, folder: Path) -> None:
        """Take the folder with the doors."""
        self.folder, self.usual = folder, DefaultLoopResolver()

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        """Return where to connect to. Raises OSError for an address that nobody knows."""
        door = self.folder / str(port)
        if host == "127.0.0.1" and door.exists():
            return [(socket.AF_UNIX, str(door))]
        return await self.usual.resolve(host, port, family)


class WayOut(TCPServer):
    """Leads kernels, which know a proxy by its port, to the door behind which the proxy is."""

    def __init__(self, door: Path) -> None:
        super().__init__()
        self._door = door

    async def handle_stream(self, stream: IOStream, address: Any) -> None:
        """Pass on both ways until either side ends."""
        behind = IOStream(socket.socket(socket.AF_UNIX))
        try:
            await behind.connect(str(self._door))
            await asyncio.gather(_pass(stream, behind), _pass(behind, stream))
        except (StreamClosedError, OSError):
            return
        finally:
            stream.close()
            behind.close()


async def _pass(source: IOStream, target: IOStream) -> None:
    while True:
        await target.write(await source.read_bytes(PIECE, partial=True))


def handed(descriptor: int) -> socket.socket:
    """The listening socket that the hub handed in; no child inherits it."""
    given = socket.socket(fileno=descriptor)
    given.setblocking(False)
    given.set_inheritable(False)
    return given
