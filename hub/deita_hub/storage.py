"""The folders of the workspaces: made, measured, put into the trash and taken out again.

Only folders are touched here; what lies in them belongs to the workspace servers.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from deita_hub.settings import Settings

TRASH = ".trash"
MOST_MEASURED = 200_000
"""Entries that `size` looks at before it gives up counting."""


def folder(settings: Settings, workspace_id: str) -> Path:
    """Where a workspace lives."""
    return settings.storage / workspace_id


def make_folder(settings: Settings, workspace_id: str) -> Path:
    """The workspace's folder, made if it is not there."""
    path = folder(settings, workspace_id)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def discard(settings: Settings, workspace_id: str, stamp: str) -> None:
    """Move a workspace into the trash; nothing happens when it has no folder (yet, or any more)."""
    source = folder(settings, workspace_id)
    if source.exists():
        trash = settings.storage / TRASH
        trash.mkdir(mode=0o700, parents=True, exist_ok=True)
        source.rename(trash / f"{workspace_id}-{stamp}")


def recover(settings: Settings, workspace_id: str) -> None:
    """Take a workspace out of the trash again, the newest if it is there more than once."""
    target = folder(settings, workspace_id)
    found = sorted((settings.storage / TRASH).glob(f"{workspace_id}-*"))
    if found and not target.exists():
        found[-1].rename(target)


def purge(settings: Settings, workspace_id: str) -> None:
    """Remove a workspace's bytes for good."""
    paths = [folder(settings, workspace_id), *(settings.storage / TRASH).glob(f"{workspace_id}-*")]
    for path in paths:
        if path.exists():
            shutil.rmtree(path)


def size(settings: Settings, workspace_id: str) -> int:
    """Bytes of the workspace's files; of more than `MOST_MEASURED` files the first ones."""
    total, seen = 0, 0
    for root, _, names in os.walk(folder(settings, workspace_id)):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118 - a walk over many files
            except FileNotFoundError:
                continue
            seen += 1
            if seen >= MOST_MEASURED:
                return total
    return total
