"""What is asked of the Docker Engine before servers are started with it, and what is said about its walls."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import docker
from docker.errors import DockerException, ImageNotFound, NotFound

from deita_hub.settings import Settings, SettingsError

SECONDS = 10
APART = "com.docker.network.bridge.enable_icc"
MAKE_NETWORK = f"docker network create --internal -o {APART}=false"
DESCRIPTION = (
    "docker: each server is a container of the image {image} with a read-only root, without capabilities and without "
    "a way to get any. It sees its own workspace and its person's folder in it. {network}. Not protected against: "
    "{shared}{unlimited}a hole in the Linux kernel opens everything{root}."
)
AS_ROOT = "; servers run as root, as Deita does, so that such a hole gives root: set DEITA_SERVER_USER"


@dataclass(frozen=True)
class Network:
    """The network that servers are put into; `gateway` is this machine's address in it."""

    name: str
    gateway: str
    internal: bool
    apart: bool


def resolve(settings: Settings) -> Settings:
    """Settings that say where servers find hub and control plane. Raises `SettingsError` for what is missing."""
    with _client() as client:
        _check_image(client, settings.spawner.image)
        network = _network(client, settings.spawner.network)
    spawner = settings.spawner
    listen = spawner.listen or network.gateway
    if not listen:
        raise SettingsError(f"The network {network.name} has no gateway: set DEITA_LISTEN and DEITA_HUB_ADDRESS.")
    return replace(settings, spawner=replace(spawner, listen=listen, address=spawner.address or listen))


def described(settings: Settings) -> str:
    """What is in force and what it does not protect against. Raises `SettingsError` for what is missing."""
    with _client() as client:
        _check_image(client, settings.spawner.image)
        network = _network(client, settings.spawner.network)
    unlimited = "" if settings.server_memory else "memory is not limited (DEITA_SERVER_MEMORY), "
    root = AS_ROOT if settings.spawner.uid == 0 else ""
    inside, shared = _reach(network)
    return DESCRIPTION.format(
        image=settings.spawner.image, network=inside, shared=shared, unlimited=unlimited, root=root
    )


def prefix(settings: Settings) -> str:
    """How the names of this installation's containers begin."""
    return f"deita-{hashlib.sha256(str(settings.home).encode()).hexdigest()[:8]}"


def _reach(network: Network) -> tuple[str, str]:
    inside = f"It has the network {network.name}"
    if network.internal:
        inside += ", which leads to this machine and nowhere else"
        shared = "what listens at this machine's address in that network can be reached, "
    else:
        shared = "every address that this machine reaches can be reached, a cloud's 169.254.169.254 included, "
    return inside, shared if network.apart else f"servers reach each other's ports ({APART}), {shared}"


@contextlib.contextmanager
def _client() -> Iterator[docker.DockerClient]:
    try:
        client = docker.from_env(timeout=SECONDS)
        try:
            client.ping()
            yield client
        finally:
            client.close()
    except DockerException as error:
        raise SettingsError("The Docker Engine does not answer: is it running, and may Deita use it?") from error


def _check_image(client: docker.DockerClient, image: str) -> None:
    try:
        client.images.get(image)
    except ImageNotFound:
        raise SettingsError(f"The Docker Engine has no image {image} (DEITA_SERVER_IMAGE): pull or build it.") from None


def _network(client: docker.DockerClient, name: str) -> Network:
    try:
        found: dict[str, Any] = client.networks.get(name).attrs
    except NotFound:
        raise SettingsError(f"The Docker Engine has no network {name}: {MAKE_NETWORK} {name}") from None
    gateways = [each.get("Gateway", "") for each in found["IPAM"]["Config"] or []]
    options = found.get("Options") or {}
    return Network(name, next(filter(None, gateways), ""), bool(found["Internal"]), options.get(APART) == "false")
