"""Where a workspace's stored bytes can be opened as files, so that kernels find them under their names.

In a folder they are files. Of a bucket the hub mounts a workspace's uploaded bytes read-only and its notebooks to
write, outside of every sandbox (`bucket_mounts`); where that cannot be done, Deita says so and people read through the
data plane.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from deita_hub import bucket_mounts
from deita_hub.sandbox import view
from deita_hub.settings import Settings

INSTEAD = "Notebooks open files with deita.open"


@dataclass(frozen=True)
class Bytes:
    """A workspace's stored bytes as files: where its server opens them, and its notebooks, if those lie elsewhere than
    they would in a folder; `mounted` is what has to be shown to a sandbox.
    """

    files: Path
    notebooks: Path | None = None
    mounted: view.Mounted | None = None


async def bytes_of(settings: Settings, workspace_id: str, folder: Path) -> Bytes | None:
    """The stored bytes of the workspace in `folder`; None where they cannot be opened. Raises MountError."""
    if settings.mounts == "none":
        return None
    if settings.objects is None:
        return Bytes(folder / "files")
    if obstacle() is not None:
        return None
    parts: tuple[bucket_mounts.Part, ...] = ("files", "notebooks")
    mounts = [await asyncio.to_thread(bucket_mounts.mount, settings, settings.objects, workspace_id, p) for p in parts]
    mounted = view.Mounted(*mounts)
    if settings.sandbox == "bubblewrap":
        return Bytes(view.FILES, view.NOTEBOOKS, mounted)
    return Bytes(mounted.files, mounted.notebooks)


def obstacle() -> str | None:
    """What keeps a bucket from being mounted here, None when nothing is known."""
    if shutil.which(bucket_mounts.PROGRAM) is None:
        return "rclone is not installed"
    if bucket_mounts.unmounter() is None:
        return "fusermount is not installed (fuse3)"
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        return "/dev/fuse is missing or may not be used"
    return None


def described(settings: Settings) -> str:
    """How notebooks open files by path here."""
    if settings.mounts == "none":
        return f"none: DEITA_MOUNTS=none. {INSTEAD}"
    if settings.objects is None:
        return "bind: notebooks open files by path, files/<name>"
    problem = obstacle() if settings.spawner.is_local else f"{settings.spawner.kind} shows servers no mounts"
    return f"none: {problem}. {INSTEAD}" if problem else "fuse: notebooks open files by path, files/<name>, by rclone"
