"""compose.yml on a Docker Engine of this machine: settings, secrets and folders of its own, asked through its edge."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import psutil

from bench.running import free_port, until
from tests.servers import stand_in_services
from tests.servers.docker_engine import Engine, running_engine
from tests.servers.edge import ROOT, Edge

COMPOSE = Path(sys.executable).with_name("docker-compose")
PROJECT = "deitatest"
DOMAIN = "deita.localhost"
API = "/services/deita/api/v1"


class Stack:
    """The services of compose.yml; the names of images begin with `images`, of `files` each goes over those before."""

    def __init__(self, engine: Engine, folder: Path, images: str, client: docker.DockerClient) -> None:
        self.engine, self.folder, self.containers = engine, folder, client.containers
        self.edge = Edge(DOMAIN, free_port(), free_port(), folder / "data" / "edge")
        self._images, self.files = images, [ROOT / "compose.yml"]

    def prepare(self, **more: str) -> None:
        """Write the settings, `more` among them, and have setup.sh make folders and secrets."""
        given = {
            "DEITA_DATA": self.folder / "data",
            "DEITA_SECRETS": self.folder / "secrets",
            "DEITA_DOMAIN": DOMAIN,
            "DEITA_TLS": "internal",
            "DEITA_SUBDOMAIN_HOST": self.edge.url,
            "DEITA_IMAGES": self._images,
            "DEITA_PUBLISH": "127.0.0.1",
            "DEITA_PUBLISH_HTTP": self.edge.http,
            "DEITA_PUBLISH_HTTPS": self.edge.https,
            "DEITA_SAMPLES": 0,
            "DEITA_SERVER_MEMORY": 2**31,
            "DEITA_SERVER_PROCESSES": 500,
            "COMPOSE_PROJECT_NAME": PROJECT,
            "DOCKER_SOCKET": self.engine.host.removeprefix("unix://"),
            **more,
        }
        text = (ROOT / ".env.example").read_text()
        kept = [line for line in text.splitlines() if line.partition("=")[0] not in given]
        lines = [*kept, *(f"{name}={value}" for name, value in given.items())]
        self.folder.chmod(0o711)
        (self.folder / ".env").write_text("\n".join(lines) + "\n")
        self.setup()

    def setup(self) -> None:
        """Make the folders and secrets that are not there."""
        subprocess.run(["sh", str(ROOT / "deploy" / "setup.sh"), str(self.folder / ".env")], check=True, timeout=60)

    def compose(self, *words: str, seconds: float = 600, said: str = "") -> str:
        """What a command of Compose prints, which is told `said`; it has to succeed."""
        files = [word for file in self.files for word in ("-f", file)]
        command = [COMPOSE, "--env-file", self.folder / ".env", *files, *words]
        environment = {"DOCKER_HOST": self.engine.host, "PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        asked = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            input=said,
        )
        assert asked.returncode == 0, f"{words}: {asked.stderr[-4000:]}"
        return asked.stdout

    def up(self, *services: str) -> None:
        """Start these, or everything, and wait until it is healthy; what failed says its last lines."""
        options = ("--detach", "--pull", "never", "--no-build", "--wait", "--wait-timeout", "500")
        try:
            self.compose("up", *options, *services)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.compose('logs', '--tail', '30', *services)[-20_000:]}") from error

    def down(self, *words: str) -> None:
        """End everything, servers included."""
        for each in self.servers():
            each.remove(force=True)
        self.compose("down", *words)

    def deita(self, *words: str) -> str:
        """What the command line in the hub's container prints."""
        return self.compose("exec", "-T", "hub", "deita", *words, seconds=120)

    def service(self, name: str) -> Any:
        """The container of a service."""
        return self.containers.get(f"{PROJECT}-{name}-1")

    def servers(self) -> list[Any]:
        """The containers of workspaces."""
        return list(self.containers.list(all=True, filters={"label": "deita.workspace"}))

    def inside(self, container: Any, code: str) -> str:
        """What Python code prints in a container."""
        found = container.exec_run(["python", "-c", code])
        assert found.exit_code == 0, found.output.decode()
        return str(found.output.decode())

    def crash(self, name: str) -> None:
        """End a service's processes as a fault would: the engine does not know that somebody wanted it."""
        psutil.Process(self.service(name).attrs["State"]["Pid"]).kill()

    def healthy(self, name: str) -> bool:
        """Whether a service says that it is well."""
        state = self.service(name).attrs["State"]
        return state["Status"] == "running" and state["Health"]["Status"] == "healthy"

    def answers(self) -> bool:
        """Whether all parts answer through the edge."""
        try:
            with self.edge.client() as client:
                return client.get(f"{self.edge.url}{API}/health").status_code == 200
        except httpx.HTTPError:
            return False

    def client(self, person: str = "me") -> httpx.Client:
        """A client with a person's token."""
        return self.edge.client(self.deita("token", person).split()[-1])

    def open(self, client: httpx.Client, slug: str) -> str:
        """Start the person's server; returns its data plane's address."""
        client.post(f"{self.edge.url}{API}/workspaces/{slug}/start").raise_for_status()

        def ready() -> str | None:
            server = client.get(f"{self.edge.url}{API}/workspaces/{slug}").raise_for_status().json()["server"]
            assert server["state"] != "failed", server
            return str(server["api"]) if server["state"] == "ready" else None

        return until(ready, 240, "the server")

    def link(self) -> str:
        """A one-time link for the local owner."""
        found = re.search(r"https://\S+", self.deita("user", "link", "me"))
        assert found is not None
        return found[0]


@contextlib.contextmanager
def prepared(root: Path, folder: Path, **settings: str) -> Iterator[Stack]:
    """A stack that is not up yet, on the engine in `.venv`, or in the folder that DEITA_TEST_ENGINE names; it goes
    afterwards.
    """
    engine_folder = Path(os.environ.get("DEITA_TEST_ENGINE") or root / ".venv" / "docker-engine")
    with running_engine(engine_folder) as engine, contextlib.closing(engine.client()) as client:
        found = Stack(engine, folder, stand_in_services.make(engine, client), client)
        found.prepare(**settings)
        try:
            yield found
        finally:
            found.down("--volumes")
