"""What goes wrong while clients work. A fault is over when its function returns; what it broke heals by itself."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.running import Deita, until
from bench.server import server_process
from tests.servers.fault_proxy import FaultProxy
from tests.servers.object_store import ObjectStore
from tests.servers.postgres import PostgresServer

DISK_MB, OPERATIONS_PER_MB = 96, 20
"""How large the small disk is: what operations leave has room on it, so that only the fault fills it."""
AWAY_S = 1.0
"""How long something is away."""
REFUSALS, CUTS, SLOW = 12, 6, 12


@dataclass
class Site:
    """A whole Deita and what stands behind it; `disk` is a small one of its own, where the machine lets us have one,
    and `slug` the workspace that clients are at.
    """

    deita: Deita
    disk: Path | None = None
    postgres: PostgresServer | None = None
    store: ObjectStore | None = None
    to_postgres: FaultProxy | None = None
    to_store: FaultProxy | None = None
    slug: str = ""


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()


def _sibling(site: Site, word: str) -> None:
    assert site.deita.process is not None
    for child in psutil.Process(site.deita.process.pid).children():
        with contextlib.suppress(psutil.Error):
            if any(word in part for part in child.cmdline()):
                _kill(child)


def kill_hub(site: Site) -> None:
    _sibling(site, "deita_hub.app")


def kill_control_plane(site: Site) -> None:
    _sibling(site, "deita_hub.service")


def kill_proxy(site: Site) -> None:
    _sibling(site, "configurable-http-proxy")


def kill_server(site: Site) -> None:
    with contextlib.suppress(LookupError, psutil.Error):
        _kill(server_process(site.deita, site.slug))


def _engine(role: str) -> Callable[[Site], None]:
    def kill(site: Site) -> None:
        """Of the engines there is one that reads and one that writes; either may just not be there."""
        with contextlib.suppress(LookupError, psutil.Error):
            for child in server_process(site.deita, site.slug).children(recursive=True):
                words = child.cmdline()
                if "deita_engine" in words and f'"role": "{role}"' in words[-1]:
                    _kill(child)

    return kill


def kill_everything(site: Site) -> None:
    """`deita up` itself, and with it all that it started; then a second start."""
    assert site.deita.process is not None
    family = psutil.Process(site.deita.process.pid).children(recursive=True)
    with contextlib.suppress(LookupError, psutil.Error):
        family.append(server_process(site.deita, site.slug))
    site.deita.stop(signal.SIGKILL)
    psutil.wait_procs(family, timeout=30)
    site.deita.start()


def fill_disk(site: Site) -> None:
    assert site.disk is not None
    ballast = site.disk / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            continue
    _wait()
    ballast.unlink()


def restart_postgres(site: Site) -> None:
    assert site.postgres is not None
    site.postgres.restart("immediate")


def cut_postgres(site: Site) -> None:
    assert site.to_postgres is not None
    with site.to_postgres.severed():
        _wait()


def restart_store(site: Site) -> None:
    assert site.store is not None
    site.store.stop()
    site.store.start()


def freeze_store(site: Site) -> None:
    assert site.store is not None
    with site.store.frozen():
        _wait()


def refuse_at_store(site: Site) -> None:
    assert site.to_store is not None
    site.to_store.refusals = REFUSALS


def cut_answers_of_store(site: Site) -> None:
    assert site.to_store is not None
    site.to_store.cuts = CUTS


def slow_store(site: Site) -> None:
    assert site.to_store is not None
    site.to_store.slowness = SLOW


def cut_network(site: Site) -> None:
    assert site.to_store is not None and site.to_postgres is not None
    with site.to_store.severed(), site.to_postgres.severed():
        _wait()


def _wait() -> None:
    threading.Event().wait(AWAY_S)


ANYWHERE: dict[str, Callable[[Site], None]] = {
    "kill the writing engine": _engine("write"),
    "kill the server": kill_server,
    "kill the hub": kill_hub,
    "fill the disk": fill_disk,
    "kill the reading engine": _engine("read"),
    "kill the proxy": kill_proxy,
    "kill the control plane": kill_control_plane,
}
BEHIND: dict[str, Callable[[Site], None]] = {
    "restart PostgreSQL": restart_postgres,
    "restart the store": restart_store,
    "refuse at the store": refuse_at_store,
    "cut the way to PostgreSQL": cut_postgres,
    "cut answers of the store": cut_answers_of_store,
    "freeze the store": freeze_store,
    "slow down the store": slow_store,
    "cut the network": cut_network,
}


def plan(site: Site, count: int) -> Iterator[tuple[str, Callable[[Site], None]]]:
    """So many faults in turns; in their middle everything is killed."""
    known = {**ANYWHERE, **(BEHIND if site.store else {})}
    if site.disk is None:
        del known["fill the disk"]
    names = list(known)
    for place in range(count):
        if place == count // 2:
            yield "kill everything", kill_everything
        else:
            name = names[place % len(names)]
            yield name, known[name]


@contextlib.contextmanager
def small_disk(folder: Path, operations: int) -> Iterator[Path | None]:
    """A file system that can be filled; None where this user may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={DISK_MB + operations // OPERATIONS_PER_MB}m"
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=False, capture_output=True
        ).returncode
    )
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            until(lambda: subprocess.run(["umount", str(folder)], check=False).returncode == 0, 30, "the unmounting")
