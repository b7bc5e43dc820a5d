"""Where a drill brings a backup up: a home and a port of its own, and what that needs of PostgreSQL and the bucket.

Servers are started on this machine whatever starts them otherwise, and nobody but the drill comes in, so that its Deita
runs without what production has in front of it.
"""

from __future__ import annotations

import secrets
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from deita_hub.backing_up.errors import BackupError
from deita_hub.backing_up.postgres_cluster import cluster
from deita_hub.backing_up.rclone import Rclone
from deita_hub.cli.running import in_force
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.setting_places import SERVER_COMMAND
from deita_hub.settings import Ports, Settings
from deita_hub.spawning.settings import HERE, LOCAL

PREFIX = "drill."
"""What a drill's keys begin with, below the installation's prefix: the role reaches them, backups leave them out."""
URL_FILE = "DEITA_DATABASE_URL_FILE"


@contextmanager
def drill_place(settings: Settings) -> Iterator[Settings]:
    """The settings of an empty installation that is gone afterwards, also what a killed drill left in the bucket.
    Raises BackupError.
    """
    run = settings.home / "run"
    run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(settings), tempfile.TemporaryDirectory(prefix="drill-", dir=run) as folder, ExitStack() as stack:
        copy = _home(settings, Path(folder) / "home")
        if settings.database == "postgresql":
            copy = _in_postgres(copy, stack.enter_context(cluster()))
        if settings.objects is not None:
            copy = stack.enter_context(_in_bucket(settings, copy))
        yield copy


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    lock = FileLock(settings.home / "drill.lock")
    try:
        lock.acquire()
    except LockBusyError:
        raise BackupError("Another drill is under way.") from None
    try:
        yield
    finally:
        lock.release()


def _home(settings: Settings, home: Path) -> Settings:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home.mkdir(mode=0o700)
    if settings.spawner.is_local:
        settings = in_force(settings)
    else:
        settings = replace(settings, spawner=LOCAL, server_command=SERVER_COMMAND, trust_everyone=True, egress=())
    unset = {name: value for name, value in settings.environ.items() if name not in (URL_FILE, "DEITA_DATABASE_URL")}
    return replace(
        settings,
        home=home,
        storage=home / ("local" if settings.objects else "storage"),
        database_url=f"sqlite:///{home / 'catalog.sqlite'}",
        ports=Ports(public=port),
        samples=False,
        profile="embedded",
        subdomain_host="",
        proxy_listen=HERE,
        proxy_address="",
        mounts="none",
        environ=unset,
    )


def _in_postgres(copy: Settings, url: str) -> Settings:
    """The same in a database, whose URL is in a file: no password enters an environment."""
    file = copy.home / "database-url"
    file.touch(mode=0o600)
    file.write_text(url, encoding="utf-8")
    return replace(copy, database_url=url, environ={**copy.environ, URL_FILE: str(file)})


@contextmanager
def _in_bucket(settings: Settings, copy: Settings) -> Iterator[Settings]:
    """The same below a prefix of its own."""
    assert settings.objects is not None
    rclone, name = Rclone(settings, settings.objects), f"{PREFIX}{secrets.token_hex(4)}"
    for left in rclone.run("lsf", "--dirs-only", rclone.at()).splitlines():
        if left.startswith(PREFIX):
            rclone.purge(left.rstrip("/"))
    try:
        yield replace(copy, objects=replace(settings.objects, prefix=settings.objects.key(name)))
    finally:
        rclone.purge(name)
