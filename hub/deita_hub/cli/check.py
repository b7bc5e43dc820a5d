"""`deita check`: what is in force on this machine, and what is broken."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from deita_hub import database_urls, isolation, mounts, profile, secret_files
from deita_hub.backing_up import making
from deita_hub.backing_up.errors import BackupError
from deita_hub.broker.storage import IssueFailedError
from deita_hub.broker.sts import SessionStorage
from deita_hub.bucket import Bucket, BucketError
from deita_hub.cli.output import VerbError, answer, here, json_option
from deita_hub.cli.running import in_force, state_of
from deita_hub.hardening import BucketGuard
from deita_hub.object_storage import ObjectStorage
from deita_hub.settings import OWNER, Settings, SettingsError
from deita_hub.sign_in import trying
from deita_hub.supervisor.programs import find_node, find_proxy, node_version
from deita_hub.supervisor.up import UpError, check_port

SAID = (("backup", "made"), ("drill", "tried"))
MOST_LATE = 1.5
"""Of the time between two backups: what takes longer is told."""
LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True)
class Finding:
    """One line of the answer; `fine` is False for what is broken."""

    name: str
    fine: bool
    text: str


@click.command("check")
@click.option("--only", multiple=True, metavar="NAME", help="Look at this line alone, e.g. backup.")
@json_option
def command(only: tuple[str, ...], as_json: bool) -> None:
    """Show what is in force; the exit code is 1 if something is broken."""
    if unknown := set(only) - set(PROBES):
        raise VerbError(f"There is no {', '.join(sorted(unknown))}: {', '.join(PROBES)}.")
    settings = here()
    findings = [_checked(name, PROBES[name], settings) for name in only or PROBES]
    fine = all(each.fine for each in findings)
    lines = [f"{'ok    ' if each.fine else 'BROKEN'}  {each.name:<10} {each.text}" for each in findings]
    answer(as_json, {"fine": fine, "items": [asdict(each) for each in findings]}, "\n".join(lines))
    if not fine:
        sys.exit(1)


def _checked(name: str, probe: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, probe(settings))
    except (SettingsError, BackupError, UpError, OSError) as error:
        return Finding(name, False, error.strerror or "" if isinstance(error, OSError) else str(error))


def _python(settings: Settings) -> str:
    return platform.python_version()


def _node(settings: Settings) -> str:
    if settings.proxy_address:
        return "is where the proxy is"
    node = find_node(settings)
    return f"{node_version(node)} ({node})"


def _proxy(settings: Settings) -> str:
    if settings.proxy_address:
        return f"runs by itself at {settings.proxy_address}"
    return find_proxy(settings)


def _port(settings: Settings) -> str:
    state = state_of(settings)
    if state is not None:
        return f"Deita runs at {state['url']}"
    if settings.proxy_address:
        return f"{settings.ports.public} of {settings.proxy_address}"
    check_port(settings.ports.public, settings.proxy_listen)
    return f"{settings.ports.public} is free"


def _isolation(settings: Settings) -> str:
    return isolation.described(in_force(settings))


def _limits(settings: Settings) -> str:
    return isolation.limits(settings)


def _trust(settings: Settings) -> str:
    now = in_force(settings)
    if isolation.walled(now):
        walls = "the sandbox" if now.spawner.is_local else now.spawner.kind
        return f"several people may sign in; members are kept apart by {walls}"
    return "everyone is trusted" if now.trust_everyone else "only `me` may sign in"


def _sign_in(settings: Settings) -> str:
    profile.check(in_force(settings))
    return trying.described(settings)


def _storage(settings: Settings) -> str:
    existing = _existing(settings.storage)
    if not os.access(existing, os.W_OK):
        raise SettingsError("DEITA_STORAGE is a folder that cannot be written to.")
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        raise SettingsError(f"Less than 1 GB is free where DEITA_STORAGE lies ({free:,} bytes).")
    room = f"{settings.storage}, {free / 1e9:,.1f} GB free"
    return room if settings.objects is None else f"{_bucket(settings.objects)}; {room}"


def _bucket(objects: ObjectStorage) -> str:
    try:
        bucket = Bucket(objects)
        bucket.check()
        SessionStorage(objects).issue("check", OWNER, "read")
        left = bucket.unfinished()
    except (BucketError, IssueFailedError) as error:
        raise SettingsError(f"The bucket of DEITA_STORAGE cannot be used: {error}") from error
    found = f"{objects.url}, with a session for each workspace, {_hardened(objects)}"
    return f"{found}; uploads in parts that are not finished after a day: {left}" if left else found


def _hardened(objects: ObjectStorage) -> str:
    open = [each.name for each in BucketGuard(objects).harden(dry_run=True) if each.state != "in force"]
    return f"not hardened ({', '.join(open)}: deita storage harden)" if open else "hardened"


def _mounts(settings: Settings) -> str:
    return mounts.described(settings)


def _database(settings: Settings) -> str:
    if settings.database == "sqlite":
        return "SQLite in DEITA_HOME"
    # imported late: most installations never need it
    import psycopg

    try:
        with psycopg.connect(database_urls.for_libpq(settings.database_url), connect_timeout=5) as connection:
            found = connection.execute("SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
            version = connection.info.server_version // 10000
    except psycopg.Error:
        raise SettingsError("The PostgreSQL of DEITA_DATABASE_URL cannot be reached, or refuses the login.") from None
    if not found or not found[0]:
        raise SettingsError("The role of DEITA_DATABASE_URL may not make roles: ALTER ROLE … CREATEROLE.")
    return f"PostgreSQL {version}"


def _secrets(settings: Settings) -> str:
    if not settings.secrets_dir.is_dir():
        return "are made at the first start"
    secret_files.load(settings)
    return "readable by their owner only"


def _backup(settings: Settings) -> str:
    if not settings.backup_repository:
        return "none is made: set DEITA_BACKUP_REPOSITORY"
    making.check_programs(settings)
    noted = making.noted(settings)
    if failure := noted.get("failure"):
        raise BackupError(f"The last {failure['what']} failed {_ago(failure['time'])}: {failure['message']}")
    if late := _late(noted):
        raise BackupError(f"The last backup was made {late}: see whether `deita backup --every` runs.")
    said = [f"{what} {_ago(facts['time'])}" for key, what in SAID if (facts := noted.get(key))]
    return ", ".join(said) or "none was made yet: deita backup"


def _late(noted: dict[str, dict[str, object]]) -> str | None:
    """How long ago the last backup was made, when a schedule says that there ought to be a newer one."""
    if "backup" not in noted or "schedule" not in noted:
        return None
    time = noted["backup"]["time"]
    age = datetime.now(UTC) - datetime.fromisoformat(str(time))
    return _ago(time) if age.total_seconds() > MOST_LATE * float(str(noted["schedule"]["every_seconds"])) else None


def _ago(time: object) -> str:
    hours = (datetime.now(UTC) - datetime.fromisoformat(str(time))).total_seconds() / 3600
    return f"{hours:.0f} hours ago" if hours < 48 else f"{hours / 24:.0f} days ago"


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _origins(settings: Settings) -> str:
    profile.check(in_force(settings))
    if settings.subdomain_host:
        locked = (
            "cookies are locked to their hosts" if settings.origins.secure else "without https, cookies are not locked"
        )
        return f"each person's servers have an origin of their own below {settings.subdomain_host}; {locked}"
    return (
        "one for everybody: a page that an author made acts as whoever opens it. Publish only what you trust, or set "
        "DEITA_SUBDOMAIN_HOST"
    )


PROBES: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "node": _node,
    "proxy": _proxy,
    "port": _port,
    "isolation": _isolation,
    "limits": _limits,
    "trust": _trust,
    "sign-in": _sign_in,
    "origins": _origins,
    "storage": _storage,
    "mounts": _mounts,
    "database": _database,
    "secrets": _secrets,
    "backup": _backup,
}
