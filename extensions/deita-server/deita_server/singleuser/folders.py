"""Where a workspace server keeps what Jupyter would put into the person's home folder.

A person's own Jupyter configuration belongs to their own Jupyter; honouring it here would make a workspace behave
differently for each member. So this process looks into the workspace's folder instead, and kernels inherit that.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from deita_server.settings import Settings


def notebooks(settings: Settings) -> Path:
    """Return the root of JupyterLab and start folder of kernels, made if need be."""
    folder = settings.storage / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    if settings.remote and not settings.is_shared:
        _lead(folder / "notebooks", settings.notebooks)
    return folder


def opened_notebooks(settings: Settings) -> Path | None:
    """Return where kernels open notebooks and what lies beside them by path; None for a bucket that is not mounted."""
    return settings.notebooks if settings.remote else notebooks(settings)


def _lead(entry: Path, mount: Path | None) -> None:
    """Kernels start on this machine, whether the bucket answers or not; a link leads to its notebooks."""
    if entry.is_symlink() and entry.readlink() != mount:
        entry.unlink(missing_ok=True)
    if mount is not None and not os.path.lexists(entry):
        with contextlib.suppress(FileExistsError):  # another server of the workspace made it
            entry.symlink_to(mount)


def personal(settings: Settings, name: str) -> Path:
    """Return a folder of this person in this workspace, made if need be; other members cannot read it."""
    people = settings.storage / "people" / settings.person
    people.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = people / name
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def divert_jupyter(settings: Settings) -> None:
    """Point Jupyter's configuration and data folders at this person's folder; to be called before Jupyter looks."""
    folder = personal(settings, "jupyter")
    os.environ["JUPYTER_CONFIG_DIR"] = str(folder / "config")
    os.environ["JUPYTER_DATA_DIR"] = str(folder / "data")
    for name in ("JUPYTER_CONFIG_PATH", "JUPYTER_PATH"):
        os.environ.pop(name, None)
