"""Deita's own images, built by a real engine from this checkout, and looked into without being started."""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import docker

from tests.servers import stand_in_images
from tests.servers.docker_engine import Engine

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("proxy", "hub", "workspace", "backup")
VERSION = "0.1.0"


def tag(name: str) -> str:
    """What an image is called here."""
    return f"deita-{name}:{VERSION}"


def build(engine: Engine, name: str, seconds: float = 1800) -> None:
    """Build one from its Dockerfile: minutes the first time, then what did not change is in the engine's cache."""
    with contextlib.closing(engine.client()) as client:
        stand_in_images.make(client)
    file = ROOT / "images" / name / "Dockerfile"
    engine.run(
        "buildx", "build", "--network", "host", "--file", str(file), "--tag", tag(name), str(ROOT), seconds=seconds
    )


@contextlib.contextmanager
def files(client: docker.DockerClient, name: str) -> Iterator[Iterator[tuple[tarfile.TarInfo, Callable[[], bytes]]]]:
    """Every file of an image, and what reads it; what a registry does not hold (proc, dev) is not there."""
    container = client.containers.create(tag(name))
    try:
        packed: IO[bytes] = _Stream(container.export(chunk_size=2**20))
        with tarfile.open(fileobj=packed, mode="r|") as archive:
            yield ((member, _reader(archive, member)) for member in archive)
    finally:
        container.remove(force=True)


def _reader(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        file = archive.extractfile(member)
        return file.read() if file else b""

    return read


class _Stream:
    """The pieces of an iterator as a file that is read from its beginning to its end."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces, self.left = pieces, b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes, fewer at the end only."""
        while len(self.left) < size and (piece := next(self.pieces, b"")):
            self.left += piece
        taken, self.left = self.left[:size], self.left[size:]
        return taken
