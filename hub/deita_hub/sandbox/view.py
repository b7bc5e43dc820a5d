"""What one person's server of one workspace sees of the machine, beside its programs: the workspace, and nothing else.

Everything keeps its own name, so that paths mean the same inside and outside. Deita's folder and all workspaces are
covered first, wherever they lie, then the one workspace is put into its place; of `people/` in it only the own folder.
A dashboard server, whose people only look, has the workspace read-only; what has to be written for it is written by a
process beside it, which has a view of its own.
"""

from __future__ import annotations

import site
import sys
from dataclasses import dataclass
from pathlib import Path

from deita_hub import doors, storage
from deita_hub.names import is_dashboard_user
from deita_hub.sandbox import bubblewrap
from deita_hub.settings import Settings

FILES, NOTEBOOKS = Path("/mnt/files"), Path("/mnt/notebooks")
"""Where a server sees what is mounted of a bucket: places that no member can put anything else into."""


@dataclass(frozen=True)
class Mounted:
    """What is mounted of a workspace in a bucket: its bytes and its notebooks."""

    files: Path
    notebooks: Path


def options(settings: Settings, folder: Path, person: str, mounted: Mounted | None = None) -> list[str]:
    """The options of `bwrap` for this server; `folder` is the workspace's, the person's folder in it exists, and so
    does what is mounted of it if it lies in a bucket.
    """
    return [
        *bubblewrap.base(),
        *bubblewrap.each("--ro-bind-try", [*programs(), *settings.sandbox_readable]),
        *_covered(settings),
        *_workspace(settings, folder, person),
        *bubblewrap.each("--ro-bind", [settings.lifeline]),
        *_mounted(mounted),
        *_network(settings),
        *_sealed(settings, folder),
        *("--chdir", str(folder)),
    ]


def beside_dashboards(settings: Settings, folder: Path) -> list[str]:
    """The options for what runs beside a workspace's dashboard server: it writes into the workspace and the copies."""
    return [
        *_programs_alone(settings),
        "--die-with-parent",
        *bubblewrap.each("--bind", [folder]),
        *bubblewrap.hidden(folder / "people"),
        *bubblewrap.each("--bind-try", [storage.copies_folder(settings, folder.name)]),
        *(bubblewrap.NO_NETWORK if settings.database == "sqlite" else ()),
        *_sealed(settings, folder),
    ]


def for_backup(settings: Settings, folder: Path) -> list[str]:
    """The options for what looks through one whole workspace for a backup."""
    return [
        *_programs_alone(settings),
        "--die-with-parent",
        *bubblewrap.each("--bind", [folder]),
        *bubblewrap.NO_NETWORK,
        *_read_only(settings.storage, settings.home, Path("/")),
    ]


def for_reading(settings: Settings) -> list[str]:
    """The options for what reads a database outside: it reaches others, and sees no workspace and nothing of Deita's.

    It outlives who started it for a moment, in which it cancels what it runs at the database.
    """
    return [*_programs_alone(settings), *_read_only(settings.storage, settings.home, Path("/"))]


def programs() -> list[Path]:
    """Where Python, the environment and Deita's own packages lie, also those that are installed from a checkout."""
    places = {Path(prefix) for prefix in (sys.prefix, sys.base_prefix)}
    for folder in site.getsitepackages():
        for file in Path(folder).glob("*.pth"):
            lines = file.read_text(encoding="utf-8").splitlines()
            places.update(Path(line) for line in lines if line.startswith("/"))
    return sorted({*places, *(place.resolve() for place in places)})


def _programs_alone(settings: Settings) -> list[str]:
    return [*bubblewrap.base(), *bubblewrap.each("--ro-bind-try", programs()), *_covered(settings)]


def _covered(settings: Settings) -> list[str]:
    return [*bubblewrap.hidden(settings.home), *bubblewrap.hidden(settings.storage)]


def _workspace(settings: Settings, folder: Path, person: str) -> list[str]:
    people = folder / "people"
    own = [*bubblewrap.hidden(people), *bubblewrap.each("--bind", [people / person])]
    if not is_dashboard_user(person):
        return [*bubblewrap.each("--bind", [folder]), *own]
    copies = bubblewrap.each("--ro-bind-try", [storage.copies_folder(settings, folder.name)])
    return [*bubblewrap.each("--ro-bind", [folder]), *own, *copies]


def _mounted(mounted: Mounted | None) -> list[str]:
    if mounted is None:
        return []
    return ["--ro-bind", str(mounted.files), str(FILES), "--bind", str(mounted.notebooks), str(NOTEBOOKS)]


def _network(settings: Settings) -> list[str]:
    if settings.sandbox_network == "shared":
        return []
    return [*bubblewrap.NO_NETWORK, *bubblewrap.each("--ro-bind", [doors.folder(settings)])]


def _sealed(settings: Settings, folder: Path) -> list[str]:
    return _read_only(folder / "people", settings.storage, settings.home, Path("/"))


def _read_only(*places: Path) -> list[str]:
    """The empty places, which would be room in memory, and the root become read-only."""
    return [word for place in places for word in ("--remount-ro", str(place))]
