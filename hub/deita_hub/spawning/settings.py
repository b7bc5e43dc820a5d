"""What starts workspace servers, and how they and the hub side find each other."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from deita_hub import setting_values as read
from deita_hub.setting_values import SettingsError

KINDS = ("local", "docker", "kubernetes", "systemd")
EVERYWHERE, HERE = "0.0.0.0", "127.0.0.1"


@dataclass(frozen=True)
class SpawnerSettings:
    """`listen` is a further address at which hub and control plane listen; `address` is how servers name the hub.

    `control_plane_address` and `egress_address` are for those that run elsewhere than the hub.
    """

    kind: str = "local"
    image: str = ""
    network: str = ""
    listen: str = ""
    address: str = ""
    control_plane_address: str = ""
    egress_address: str = ""
    docker_socket: str = "/var/run/docker.sock"
    """Where `deita run docker-proxy` finds the engine."""
    cpus: float | None = None
    storage: str = ""
    """Where workspaces lie for what starts servers: a folder of the Docker Engine's machine, a claim in Kubernetes."""
    namespace: str = ""
    user: int | None = None
    """Number of the account that servers run as, where it is not Deita's own."""

    @property
    def uid(self) -> int:
        """Number of the account that servers run as."""
        return os.geteuid() if self.user is None else self.user

    @property
    def is_local(self) -> bool:
        """Whether servers are processes of this Deita, which end with it."""
        return self.kind == "local"

    @property
    def in_image(self) -> bool:
        """Whether servers run the programs of an image."""
        return self.kind in ("docker", "kubernetes")

    @property
    def hub_port(self) -> int:
        """The hub's port unless it is set: servers that outlive Deita have to find it again."""
        return 0 if self.is_local else 8081

    @property
    def service_port(self) -> int:
        """The control plane's."""
        return 0 if self.is_local else 8082

    @property
    def egress_port(self) -> int:
        """The port of the way out."""
        return 0 if self.is_local else 8083

    @property
    def client_variables(self) -> tuple[str, ...]:
        """How the variables begin that tell the engine's client where the engine is."""
        return {"docker": ("DOCKER_",), "kubernetes": ("KUBERNETES_", "KUBECONFIG")}.get(self.kind, ())

    @property
    def bound(self) -> str:
        """The address at which hub and control plane listen first of all."""
        return EVERYWHERE if self.listen == EVERYWHERE else HERE

    @property
    def hub(self) -> str:
        """The host at which servers find the hub."""
        return self.address or HERE

    @property
    def control_plane(self) -> str:
        """The host at which servers find the control plane."""
        return self.control_plane_address or self.hub

    @property
    def egress(self) -> str:
        """The host at which servers find the way out."""
        return self.egress_address or self.hub

    def environment(self) -> dict[str, str]:
        """The variables from which a child process reads the same."""
        return {
            "DEITA_SPAWNER": self.kind,
            "DEITA_SERVER_IMAGE": self.image,
            "DEITA_SERVER_NETWORK": self.network,
            "DEITA_SERVER_CPUS": "" if self.cpus is None else str(self.cpus),
            "DEITA_SERVER_STORAGE": self.storage,
            "DEITA_LISTEN": self.listen,
            "DEITA_HUB_ADDRESS": self.address,
            "DEITA_CONTROL_PLANE_ADDRESS": self.control_plane_address,
            "DEITA_EGRESS_ADDRESS": self.egress_address,
            "DEITA_DOCKER_SOCKET": self.docker_socket,
            "DEITA_KUBERNETES_NAMESPACE": self.namespace,
            "DEITA_SERVER_USER": "" if self.user is None else str(self.user),
        }


LOCAL = SpawnerSettings()


def spawner_settings(source: Mapping[str, str]) -> SpawnerSettings:
    """Read them. Raises `SettingsError` naming the setting that cannot be used."""
    kind = read.one_of(source, "DEITA_SPAWNER", KINDS)
    found = SpawnerSettings(
        kind=kind,
        image=source.get("DEITA_SERVER_IMAGE", ""),
        network=source.get("DEITA_SERVER_NETWORK") or ("deita" if kind == "docker" else ""),
        listen=source.get("DEITA_LISTEN", ""),
        address=source.get("DEITA_HUB_ADDRESS", ""),
        control_plane_address=source.get("DEITA_CONTROL_PLANE_ADDRESS", ""),
        egress_address=source.get("DEITA_EGRESS_ADDRESS", ""),
        docker_socket=source.get("DEITA_DOCKER_SOCKET") or LOCAL.docker_socket,
        cpus=_cpus(source),
        storage=source.get("DEITA_SERVER_STORAGE", ""),
        namespace=source.get("DEITA_KUBERNETES_NAMESPACE", ""),
        user=read.count(source, "DEITA_SERVER_USER", "an account"),
    )
    if found.in_image and not found.image:
        raise SettingsError(f"DEITA_SPAWNER={kind} needs DEITA_SERVER_IMAGE: the image that servers run.")
    if os.geteuid() not in (0, found.uid):
        raise SettingsError("DEITA_SERVER_USER: only a Deita that root runs can start servers as another user.")
    if kind == "systemd" and not found.user:
        raise SettingsError("DEITA_SPAWNER=systemd needs DEITA_SERVER_USER: the number of an account for servers.")
    return found


def _cpus(source: Mapping[str, str]) -> float | None:
    text = source.get("DEITA_SERVER_CPUS", "").strip()
    try:
        cpus = float(text) if text else None
    except ValueError:
        cpus = 0.0
    if cpus is not None and not 0 < cpus < 10_000:
        raise SettingsError("DEITA_SERVER_CPUS must be a number of processors such as 2 or 0.5, or empty for no limit.")
    return cpus
