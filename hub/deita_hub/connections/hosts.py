"""Which hosts a connection may name. The address that was looked at is the one that is connected to.

With `DEITA_CONNECTIONS_ALLOW` those that it names and no others. Without it, in the production profile none; otherwise
every host but this machine, which only the local owner may name, and never Deita's own database. What a cloud tells its
machines (169.254.169.254) is never reached.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

import psutil

from deita_hub.egress import NEVER
from deita_hub.profile import PRODUCTION
from deita_hub.settings import OWNER, Settings

SETTING = "DEITA_CONNECTIONS_ALLOW"
LOOKUP_S = 10.0
POSTGRES_PORT = 5432
Address = IPv4Address | IPv6Address


class HostRefusedError(Exception):
    """No connection may lead there; the text says why."""


class HostUnknownError(Exception):
    """No address is known by this name."""


async def address_of(settings: Settings, host: str, port: int, by: str) -> str:
    """The address to connect to, for a connection that `by` made. Raises `HostRefusedError` and `HostUnknownError`."""
    found = await _addresses(host, port)
    own = await _own_database(settings)
    reasons = [_refusal(settings, host, port, address, by, own) for address in found]
    for address, reason in zip(found, reasons, strict=True):
        if reason is None:
            return str(address)
    raise HostRefusedError(reasons[0])


def _refusal(
    settings: Settings, host: str, port: int, address: Address, by: str, own: set[tuple[Address, int]]
) -> str | None:
    never = any(address in network for network in NEVER if network.version == address.version)
    if never or address.is_multicast or address.is_unspecified:
        return f"{host} leads to an address that is never connected to."
    if settings.connections is not None:
        named = any(rule.allows(host.lower(), port) for rule in settings.connections)
        return None if named else f"{SETTING} does not name {host}:{port}."
    if settings.profile == PRODUCTION:
        return f"Nothing may be connected to: {SETTING} names no host."
    if (address, port) in own:
        return "This is Deita's own database."
    if _is_here(address) and (by != OWNER or port in _own_ports(settings)):
        return f"{host} is the machine that Deita runs on, which only the local owner may read. {SETTING} can name it."
    return None


async def _addresses(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(LOOKUP_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        raise HostUnknownError(host) from error
    plain = [ip_address(str(each[4][0]).partition("%")[0]) for each in found]
    return [getattr(each, "ipv4_mapped", None) or each for each in plain]


async def _own_database(settings: Settings) -> set[tuple[Address, int]]:
    if settings.database != "postgresql":
        return set()
    parts = urlsplit(settings.database_url)
    port = parts.port or POSTGRES_PORT
    try:
        return {(address, port) for address in await _addresses(parts.hostname or "localhost", port)}
    except HostUnknownError:
        return set()


def _is_here(address: Address) -> bool:
    if address.is_loopback:
        return True
    own = {each.address.partition("%")[0] for found in psutil.net_if_addrs().values() for each in found}
    return str(address) in own


def _own_ports(settings: Settings) -> set[int]:
    ports = settings.ports
    return {ports.public, ports.hub, ports.proxy_api, ports.service, ports.egress}
