"""The objects of a backup brought back into a bucket, one workspace after the other, so that the disk holds one.

First what never changes is added, which disturbs nothing that is there; when the databases are back, notebooks take
their place, and keys that the backup does not know go. What is replaced and what goes is moved to
`before-restore.<time>/<workspace id>/` below the installation's prefix, by the store itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from deita_hub.backing_up.errors import BackupError
from deita_hub.backing_up.freezing import OBJECTS
from deita_hub.backing_up.looking_through import check_hashes
from deita_hub.backing_up.rclone import Rclone
from deita_hub.backing_up.restic import Restic

CHANGING = ("notebooks", "checkpoints")
"""Folders whose keys do not name their bytes."""
ASIDE = "before-restore"


class BucketRestore:
    """One restore; `content` is a folder for what is on its way, `stamp` says when it was."""

    def __init__(self, restic: Restic, rclone: Rclone, snapshot: str, content: Path, stamp: str) -> None:
        self._restic, self._rclone, self._snapshot = restic, rclone, snapshot
        self._content, self._aside = content, f"{ASIDE}.{stamp}"
        self._names: dict[str, set[str]] = {}
        self.moved = False

    def add(self) -> int:
        """Add what never changes, checked by its names; how many uploaded files that were. Raises BackupError."""
        ids = self._restic.inside(self._snapshot, f"/{OBJECTS}")
        return sum(self._add(id) for id in ids)

    def finish(self) -> str | None:
        """Put notebooks in their place and move away what the backup does not know; where to, None when nothing was.
        Raises BackupError.
        """
        for id, names in self._names.items():
            self._replace(id)
            extra = [name for name in self._rclone.names(id) if name not in names and not name.startswith("incoming/")]
            if extra:
                self._rclone.move(self._rclone.at(id), self._rclone.at(self._aside, id), extra)
        return self._rclone.at(self._aside).removeprefix(":") if self._rclone.names(self._aside) else None

    def names(self, id: str) -> set[str]:
        """The keys of a workspace in the backup, below its prefix."""
        return self._names.get(id, set())

    def _add(self, id: str) -> int:
        self._restic.restore(self._snapshot, self._content, only=f"/{OBJECTS}/{id}")
        place = self._content / OBJECTS / id
        self._names[id] = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
        count = check_hashes(self._content, place.glob("files/??/*"))
        left = [word for name in CHANGING for word in ("--exclude", f"/{name}/**")]
        self._rclone.copy(str(place), self._rclone.at(id), *self._keeping(id), *left)
        for path in place.iterdir():
            if path.name not in CHANGING:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return count

    def _replace(self, id: str) -> None:
        self._rclone.copy(str(self._content / OBJECTS / id), self._rclone.at(id), *self._keeping(id))

    def _keeping(self, id: str) -> list[str]:
        return ["--backup-dir", self._rclone.at(self._aside, id)]


def refuse_kind(content: Path, wanted: dict[str, bool]) -> None:
    """Raise BackupError when the backup is of another kind than the place: `wanted` says which marks it has to have."""
    for mark, is_wanted in wanted.items():
        if (content / mark).exists() != is_wanted:
            has, lacks = ("has", "the settings name none") if not is_wanted else ("has no", "the settings name one")
            what = "PostgreSQL databases" if mark == "databases" else "bucket"
            raise BackupError(
                f"This backup {has} {what}, and {lacks}: restore it with DEITA_DATABASE_URL and DEITA_STORAGE of the"
                " kind that it was made with. `deita migrate` moves what was brought back."
            )
