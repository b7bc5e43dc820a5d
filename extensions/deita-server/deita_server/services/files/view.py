"""The workspace's files under their names, for whatever opens paths: a folder of links that lead to the stored bytes.

`view/names/<name>` leads to `view/files/<2 hex>/<sha256>`, and `view/files` to where the hub says that bytes can be
read: the workspace's own folder of them, or a mount of the bucket. Among the notebooks the folder is `files`. All
servers of the workspace share it: a link is set while the database's write lock is held, from what the database says
then, so that whoever comes last is right. The folder has no write permission, like the bytes, so that what a notebook
saves there by mistake is refused instead of lost.

Not taken: hard links (a mode belongs to the bytes, not to a name), and mounting the bytes read-only into the sandbox (a
member could put a link to elsewhere in place of the folder that is mounted).
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deita_engine.store import key_of
from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_server.database import models as rows
from deita_server.settings import VIEW

if TYPE_CHECKING:
    from logging import Logger

    from deita_server.settings import Settings


class NamesView:
    """The links of one workspace. A link that cannot be made is logged: the file itself is stored."""

    def __init__(self, settings: Settings, log: Logger) -> None:
        self._names, self._entry = settings.names, settings.storage / "notebooks" / "files"
        self._mount, self._log = settings.mount, log

    @property
    def is_shown(self) -> bool:
        """Whether there is a view."""
        return self._mount is not None

    def show(self, session: Session, names: set[str]) -> None:
        """Make these names lead where the database says, or nowhere; for a transaction that holds the write lock."""
        wanted = _newest(session, names)
        with self._changing():
            for name in names:
                self._lead(name, wanted.get(name))

    def refresh(self, session: Session) -> None:
        """Bring all names up to date: a crash, an update of Deita or another machine may have come between."""
        if self._mount is None:
            self._withdraw()
            return
        wanted = _newest(session)
        with self._changing():
            _replace(self._names.with_name("files"), _seen_from(self._mount, self._names.parent))
            found = {link.name: str(link.readlink()) for link in self._names.iterdir() if link.is_symlink()}
            for name in found.keys() - wanted.keys():
                self._lead(name, None)
            for name, sha256 in wanted.items():
                if found.get(name) != _target(sha256):
                    self._lead(name, sha256)
            if not os.path.lexists(self._entry):
                self._entry.parent.mkdir(exist_ok=True)
                self._entry.symlink_to(VIEW)

    def _lead(self, name: str, sha256: str | None) -> None:
        if sha256 is None:
            (self._names / name).unlink(missing_ok=True)
        else:
            _replace(self._names / name, _target(sha256))

    def _withdraw(self) -> None:
        if self._entry.is_symlink() and self._entry.readlink() == Path(VIEW):
            self._entry.unlink()

    @contextmanager
    def _changing(self) -> Iterator[None]:
        try:
            self._names.mkdir(parents=True, exist_ok=True)
            self._names.chmod(0o700)
            try:
                yield
            finally:
                self._names.chmod(0o500)
        except OSError as error:
            self._log.warning("The files could not be shown under their names: %s", error.strerror)


def _newest(session: Session, names: set[str] | None = None) -> dict[str, str]:
    """The hash of each name's newest bytes; of these names, or of all that are not deleted."""
    query = select(rows.File.name, rows.FileVersion.sha256).join(rows.FileVersion.file)
    query = query.where(rows.File.deleted_at.is_(None)).order_by(rows.FileVersion.version)
    if names is not None:
        query = query.where(rows.File.name.in_(names))
    return dict(session.execute(query).tuples().all())


def _target(sha256: str) -> str:
    return f"../{key_of(sha256)}"


def _seen_from(path: Path, folder: Path) -> str:
    """What stays right when the workspace's folder is moved, where that can be said."""
    inside = path.is_relative_to(folder.parent)
    return os.path.relpath(path, folder) if inside else str(path)


def _replace(place: Path, target: str) -> None:
    fresh = place.with_name(f".{uuid.uuid4().hex}")
    fresh.symlink_to(target)
    fresh.replace(place)
