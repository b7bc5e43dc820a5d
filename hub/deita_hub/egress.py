"""The way out for servers without a network: a proxy that connects to what `DEITA_EGRESS_ALLOW` names.

It knows CONNECT (RFC 9110, 9.3.6), which is what pip and others send for https. It looks a name up itself and connects
to the address that it looked at, so that a name cannot lead elsewhere: what a cloud tells its machines
(169.254.169.254) is never reached, this machine only where the setting names its number. Not taken: tinyproxy, which
listens at no unix socket, and proxy.py, in which this would be a plugin of the same size.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from deita_hub import doors, lifeline, log_lines, settings
from deita_hub.egress_rules import Rule

HEAD_BYTES = 8192
HEAD_SECONDS = 10.0
CONNECT_SECONDS = 20.0
IDLE_SECONDS = 300.0
MOST = 200
PIECE = 65536
CONNECT = re.compile(rb"CONNECT ([A-Za-z0-9.-]{1,253}):([0-9]{1,5}) HTTP/1\.[01]\r\n")
NEVER = tuple(map(ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "100.100.100.200/32", "192.0.0.192/32")))
"""Link-local addresses, and where clouds have their metadata besides."""
REASONS = {
    400: "Bad Request",
    403: "Forbidden",
    405: "Method Not Allowed",
    408: "Request Timeout",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class RefusedError(Exception):
    """What is answered instead of a connection."""

    status: int
    text: str


class Proxy:
    """Answers connections of servers."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self._rules, self._open = rules, 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        self._open += 1
        try:
            with contextlib.suppress(ConnectionError, TimeoutError):  # either side may go whenever it likes
                await self._serve(reader, writer)
        finally:
            self._open -= 1
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await self._connected(reader)
        except RefusedError as refused:
            body = f"{refused.text}\n".encode()
            head = f"HTTP/1.1 {refused.status} {REASONS[refused.status]}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
            await writer.drain()
            return
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass(reader, back))
                both.create_task(_pass(there, writer))
        except* (ConnectionError, TimeoutError):
            pass
        finally:
            back.close()

    async def _connected(self, reader: asyncio.StreamReader) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to what is asked for. Raises `RefusedError`."""
        if self._open > MOST:
            raise RefusedError(503, "Too many connections are open.")
        host, port = await _asked(reader)
        if not any(rule.allows(host, port) for rule in self._rules):
            raise RefusedError(403, f"DEITA_EGRESS_ALLOW does not name {host}:{port}.")
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                return await asyncio.open_connection(await _address(host, port), port)
        except (OSError, TimeoutError) as error:
            raise RefusedError(502, f"{host}:{port} cannot be reached.") from error


async def _asked(reader: asyncio.StreamReader) -> tuple[str, int]:
    try:
        async with asyncio.timeout(HEAD_SECONDS):
            head = await reader.readuntil(b"\r\n\r\n")
    except TimeoutError as error:
        raise RefusedError(408, "The request took too long.") from error
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise RefusedError(400, "This is no request.") from error
    found = CONNECT.match(head)
    if found is None:
        raise RefusedError(405, "Only CONNECT host:port is known here: use https.")
    return found[1].decode().lower().rstrip("."), int(found[2])


async def _address(host: str, port: int) -> str:
    """An address of this host. Raises `RefusedError` for one that is not open, OSError for an unknown name."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    address = str(found[0][4][0])
    if not _is_open(ip_address(address), literal=address == host):
        raise RefusedError(403, f"{host} leads to an address that is not open to servers.")
    return address


def _is_open(address: IPv4Address | IPv6Address, *, literal: bool) -> bool:
    address = getattr(address, "ipv4_mapped", None) or address
    never = any(address in network for network in NEVER if network.version == address.version)
    here = address.is_loopback and not literal
    return not (never or here or address.is_multicast or address.is_unspecified)


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Send on what comes, until it ends or nothing comes for long."""
    while True:
        async with asyncio.timeout(IDLE_SECONDS):
            piece = await source.read(PIECE)
            if not piece:
                break
            target.write(piece)
            await target.drain()
    if target.can_write_eof():
        target.write_eof()


async def serve(proxy: Proxy, entrances: list[socket.socket]) -> None:
    """Answer whoever comes in there, for ever."""
    async with asyncio.TaskGroup() as group:
        for entrance in entrances:
            begin = asyncio.start_unix_server if entrance.family == socket.AF_UNIX else asyncio.start_server
            server = await begin(proxy.answer, sock=entrance, limit=HEAD_BYTES)
            group.create_task(server.serve_forever())


def main() -> None:
    """Run until told to stop, or until the `deita up` is gone that started it."""
    here = settings.load()
    log_lines.install(here.log_format)
    if here.supervised:
        lifeline.watch(here.lifeline, lambda: None)
    entrances = doors.entrances(here, here.ports.egress) or [doors.listening(here.spawner.bound, here.ports.egress)]
    asyncio.run(serve(Proxy(here.egress), entrances))


if __name__ == "__main__":
    main()
