"""Where a workspace server keeps what Jupyter would put into the person's home folder.

A person's own Jupyter configuration belongs to their own Jupyter; honouring it here would make a workspace behave
differently for each member. So this process looks into the workspace's folder instead, and kernels inherit that.
"""

from __future__ import annotations

import os
from pathlib import Path

from deita_server.settings import Settings


def notebooks(settings: Settings) -> Path:
    """Return the root of JupyterLab and start folder of kernels, made if need be."""
    folder = settings.storage / "notebooks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


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
