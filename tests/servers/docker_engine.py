"""A real Docker Engine for tests, and an image in which this checkout's Python environment runs.

The image holds links, accounts and nothing else: `/usr`, Python and the checkout are read from the machine, which is
what `DEITA_SANDBOX_READABLE` is for. So a container has this very code, and no gigabytes are copied.
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker
import psutil
from deita_hub.sandbox import view
from deita_hub.sandbox.bubblewrap import OWN_ETC
from deita_hub.spawning.docker_engine import APART

IMAGE, NETWORK = "deita-test:latest", "deita-test"
GATEWAY = "172.28.0.1"
"""This machine, as containers that may leave their network reach it (engine_up.sh)."""
LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64"}  # not sbin: there the engine puts the first process
USER = 1000
ALONE = Path(tempfile.gettempdir()) / "deita-test-engine.lock"


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    folder: Path

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"unix://{self.folder / 'run' / 'docker.sock'}"

    def client(self) -> docker.DockerClient:
        """A client that is closed by who asked for it."""
        return docker.DockerClient(self.host, timeout=60)

    def run(self, *words: str, seconds: float = 120) -> str:
        """What the program `docker` prints. Raises RuntimeError with the end of its complaint."""
        program = self.folder / "root" / "usr" / "bin" / "docker"
        environment = {**os.environ, "DOCKER_HOST": self.host, "DOCKER_CONFIG": str(self.folder / "cfg")}
        ended = subprocess.run([program, *words], env=environment, capture_output=True, text=True, timeout=seconds)
        if ended.returncode:
            raise RuntimeError(f"docker {words[0]} ended with {ended.returncode}: {ended.stderr[-4000:]}")
        return ended.stdout

    def settings(self) -> dict[str, str]:
        """The environment of a Deita whose servers are containers here."""
        readable = [Path("/usr"), *view.programs()]
        return {
            "DOCKER_HOST": self.host,
            "DEITA_SPAWNER": "docker",
            "DEITA_SERVER_IMAGE": IMAGE,
            "DEITA_SERVER_NETWORK": NETWORK,
            "DEITA_SERVER_USER": str(USER),
            "DEITA_SERVER_COMMAND": json.dumps([sys.executable, "-P", "-m", "deita_server"]),
            "DEITA_SANDBOX_READABLE": os.pathsep.join(map(str, readable)),
        }


@contextlib.contextmanager
def running_engine(folder: Path) -> Iterator[Engine]:
    """An engine with the image and the network; its programs stay in the folder for the next time.

    There is one at a time on a machine: they would share a bridge and the rules of the firewall.
    """
    with ALONE.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _started(folder) as engine:
            yield engine


@contextlib.contextmanager
def _started(folder: Path) -> Iterator[Engine]:
    subprocess.run([Path(__file__).with_name("engine_up.sh"), folder], check=True, timeout=300)
    daemon = psutil.Process(int((folder / "run" / "docker.pid").read_text()))
    engine = Engine(folder)
    try:
        with contextlib.closing(engine.client()) as client:
            client.api.import_image_from_data(_rootfs(), repository="deita-test", tag="latest")
            if not client.networks.list(names=[NETWORK]):
                client.networks.create(NETWORK, internal=True, options={APART: "false"})
            yield engine
            for container in client.containers.list(all=True):
                container.remove(force=True)
    finally:
        daemon.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 30
        while daemon.is_running() and daemon.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline:
            time.sleep(0.1)


def _rootfs() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, target in LINKS.items():
            link = tarfile.TarInfo(name)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for file in (OWN_ETC / "passwd", OWN_ETC / "group", Path("/etc/ld.so.cache")):
            archive.add(file.resolve(), f"etc/{file.name}")
    return packed.getvalue()
