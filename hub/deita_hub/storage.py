"""The folders of the workspaces: made, measured, put into the trash and taken out again.

Only folders are touched here; what lies in them belongs to the workspace servers. Of a workspace that lies in a bucket
the folder holds what its servers need beside it, and its keys are `bucket`'s.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from deita_hub.bucket import bucket_of
from deita_hub.settings import Settings

TRASH = ".trash"
MOST_MEASURED = 200_000
"""Entries that `size` looks at before it gives up counting."""


def folder(settings: Settings, workspace_id: str) -> Path:
    """Where a workspace lives."""
    return settings.storage / workspace_id


def url(settings: Settings, workspace_id: str) -> str:
    """What a workspace server is told: `file:///…` or `s3://…`."""
    return f"{settings.objects.url}/{workspace_id}" if settings.objects else folder(settings, workspace_id).as_uri()


def make_folder(settings: Settings, workspace_id: str) -> Path:
    """The workspace's folder, made if it is not there."""
    path = folder(settings, workspace_id)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def make_personal_folder(workspace: Path, person: str) -> Path:
    """The person's own folder in a workspace, made if it is not there. Raises NotADirectoryError for a planted link."""
    path = workspace / "people" / person
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.resolve() != workspace.resolve() / "people" / person:
        raise NotADirectoryError(person)
    return path


def copies_folder(settings: Settings, workspace_id: str) -> Path:
    """Where the dashboard server finds copies of the workspace's SQLite files: out of its members' reach."""
    return settings.home / "run" / "copies" / workspace_id


def make_copies_folder(settings: Settings, workspace_id: str) -> Path:
    """That folder, empty: what an earlier server left is old."""
    path = copies_folder(settings, workspace_id)
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700, parents=True)
    return path


def give(folders: Iterable[Path], uid: int) -> None:
    """Make folders a server's that runs as this user. What is below them it made itself."""
    for path in folders:
        os.chown(path, uid, uid, follow_symlinks=False)


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


def mount_cache(settings: Settings, workspace_id: str) -> Path:
    """What a mount of the workspace's notebooks keeps on this machine until it is in the bucket."""
    return settings.home / "run" / "mounts" / workspace_id / "cache"


def purge(settings: Settings, workspace_id: str) -> None:
    """Remove a workspace's bytes for good. Raises BucketError."""
    paths = [
        folder(settings, workspace_id),
        copies_folder(settings, workspace_id),
        mount_cache(settings, workspace_id),
        *(settings.storage / TRASH).glob(f"{workspace_id}-*"),
    ]
    for path in paths:
        if path.exists():
            _remove(path)
    if settings.objects:
        bucket_of(settings.objects).purge(workspace_id)


def remove_person(settings: Settings, name: str) -> None:
    """Remove what a person alone could read in every workspace, deleted ones too: results, history, settings."""
    for home in (settings.storage, settings.storage / TRASH):
        for path in home.glob(f"*/people/{name}"):
            _remove(path)


def _remove(path: Path) -> None:
    """Remove a folder, also one that is read-only or has such in it; links are not followed."""
    for folder, _, _ in os.walk(path):
        Path(folder).chmod(0o700)
    shutil.rmtree(path)


def size(settings: Settings, workspace_id: str) -> int:
    """Bytes of the workspace's files; of more than `MOST_MEASURED` files the first ones. Raises BucketError."""
    if settings.objects:
        return bucket_of(settings.objects).size(workspace_id)
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
