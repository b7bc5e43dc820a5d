"""`deita check`: what is in force on this machine, and what is broken."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from deita_hub import secret_files
from deita_hub.cli.output import answer, here, json_option
from deita_hub.cli.running import state_of
from deita_hub.settings import Settings, SettingsError
from deita_hub.supervisor.programs import find_node, find_proxy, node_version
from deita_hub.supervisor.up import UpError, check_port

LEAST_FREE_BYTES = 1_000_000_000
UNPROTECTED = (
    "none: every server runs as this user. Whoever has a workspace here can read the files of all workspaces, Deita's "
    "secrets and whatever else this user can read. Only trust yourself, or people whom you would give this account."
)


@dataclass(frozen=True)
class Finding:
    """One line of the answer; `fine` is False for what is broken."""

    name: str
    fine: bool
    text: str


@click.command("check")
@json_option
def command(as_json: bool) -> None:
    """Show what is in force; the exit code is 1 if something is broken."""
    settings = here()
    findings = [_checked(name, probe, settings) for name, probe in PROBES.items()]
    fine = all(each.fine for each in findings)
    lines = [f"{'ok    ' if each.fine else 'BROKEN'}  {each.name:<10} {each.text}" for each in findings]
    answer(as_json, {"fine": fine, "items": [asdict(each) for each in findings]}, "\n".join(lines))
    if not fine:
        sys.exit(1)


def _checked(name: str, probe: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, probe(settings))
    except (SettingsError, UpError, OSError) as error:
        return Finding(name, False, error.strerror or "" if isinstance(error, OSError) else str(error))


def _python(settings: Settings) -> str:
    return platform.python_version()


def _node(settings: Settings) -> str:
    node = find_node(settings)
    return f"{node_version(node)} ({node})"


def _proxy(settings: Settings) -> str:
    return find_proxy(settings)


def _port(settings: Settings) -> str:
    state = state_of(settings)
    if state is not None:
        return f"Deita runs at {state['url']}"
    check_port(settings.ports.public)
    return f"{settings.ports.public} is free"


def _isolation(settings: Settings) -> str:
    return UNPROTECTED


def _trust(settings: Settings) -> str:
    state = state_of(settings)
    trusted = bool(state["trust_everyone"]) if state is not None else settings.trust_everyone
    return "everyone is trusted" if trusted else "only `me` may sign in"


def _storage(settings: Settings) -> str:
    existing = _existing(settings.storage)
    if not os.access(existing, os.W_OK):
        raise SettingsError("DEITA_STORAGE is a folder that cannot be written to.")
    free = shutil.disk_usage(existing).free
    if free < LEAST_FREE_BYTES:
        raise SettingsError(f"Less than 1 GB is free where DEITA_STORAGE lies ({free:,} bytes).")
    return f"{settings.storage}, {free / 1e9:,.1f} GB free"


def _secrets(settings: Settings) -> str:
    if not settings.secrets_dir.is_dir():
        return "are made at the first start"
    secret_files.load(settings)
    return "readable by their owner only"


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


PROBES: dict[str, Callable[[Settings], str]] = {
    "python": _python,
    "node": _node,
    "proxy": _proxy,
    "port": _port,
    "isolation": _isolation,
    "trust": _trust,
    "storage": _storage,
    "secrets": _secrets,
}
