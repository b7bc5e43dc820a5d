"""The fsspec filesystem `deita://`: one flat folder with the workspace's files, read by ranges, written as versions.

https://filesystem-spec.readthedocs.io/en/latest/api.html#fsspec.spec.AbstractFileSystem. What is not there is
FileNotFoundError, as fsspec's callers expect; every other refusal stays a DeitaError. Nothing is cached: another member
may have replaced a file meanwhile.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from fsspec import AbstractFileSystem

from deita.environment import workspace
from deita.errors import DeitaError
from deita.files import File
from deita.http import path_of
from deita.open_files import opened_to_read
from deita.progress import quiet
from deita.uploads import send_file

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

    from deita.http import Transport
    from deita.workspace import Workspace

KEPT_IN_MEMORY = 8 * 2**20
"""Bytes of a file being written that need no disk."""
ONLY_FILES = "the workspace's files have no folders"


class WorkspaceFileSystem(AbstractFileSystem):
    """The files of `ws`, by default of the workspace that this kernel belongs to."""

    protocol = "deita"
    root_marker = ""
    cachable = False

    def __init__(self, ws: Workspace | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._ws = ws or workspace()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        return stripped if isinstance(stripped, list) else stripped.lstrip("/")

    def ls(self, path: str = "", detail: bool = True, **_: Any) -> list[Any]:
        """The files of the workspace, or the one that the path names."""
        name = self._strip_protocol(path)
        found = [self.info(name)] if name else [_entry(file) for file in self._ws.files()]
        return found if detail else [entry["name"] for entry in found]

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Name, size in bytes, type, and what the API says of the file."""
        name = self._strip_protocol(path)
        if not name:
            return {"name": "", "size": 0, "type": "directory"}
        with _missing(name):
            return _entry(File.from_body(self._transport.get(path_of("files", name, "meta"))))

    def created(self, path: str) -> datetime:
        """When the newest version came, in UTC."""
        return datetime.fromisoformat(self.info(path)["created_at"])

    modified = created

    def ukey(self, path: str) -> str:
        """The SHA-256 of the bytes."""
        return str(self.info(path)["sha256"])

    def rm_file(self, path: str) -> None:
        """Delete a file; tables made from it stay."""
        name = self._strip_protocol(path)
        with _missing(name):
            self._ws.delete_file(name)

    def mv(self, path1: str, path2: str, **_: Any) -> None:
        """Rename a file; its versions come along."""
        old, new = self._strip_protocol(path1), self._strip_protocol(path2)
        with _missing(old):
            self._transport.send("PATCH", path_of("files", old), json_body={"name": new})

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        """Copy a file; its bytes pass through here."""
        with self.open(path1, "rb") as source, self.open(path2, "wb") as target:
            while block := source.read(KEPT_IN_MEMORY):
                target.write(block)

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        """Refuse: there are no folders."""
        raise NotADirectoryError(ONLY_FILES)

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        """Do nothing for the workspace's files themselves, refuse for anything below."""
        if self._strip_protocol(path) or not exist_ok:
            raise NotADirectoryError(ONLY_FILES)

    def _open(self, path: str, mode: str = "rb", version: int | None = None, **_: Any) -> IO[bytes]:
        name = self._strip_protocol(path)
        if mode == "rb":
            with _missing(name):
                return opened_to_read(self._transport, name, version)
        if mode not in ("wb", "xb"):
            raise ValueError("mode must be rb, wb or xb: files of a workspace are written whole")
        if mode == "xb" and self.exists(name):
            raise FileExistsError(name)
        return Outgoing(self._transport, name, replace=mode == "wb")  # type: ignore[return-value]

    @property
    def _transport(self) -> Transport:
        return self._ws.transport


class Outgoing(io.RawIOBase):
    """A file being written: kept here, and sent when it is closed, unless its `with` block ends with an exception.

    Closing raises DeitaError where the data plane refuses the file: its name, the workspace's quota.
    """

    def __init__(self, transport: Transport, name: str, *, replace: bool) -> None:
        self._transport, self._name, self._replace = transport, name, replace
        self._kept = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()

    def writable(self) -> bool:
        """It can be written."""
        return True

    def write(self, content: ReadableBuffer, /) -> int:
        """Take the next bytes."""
        return self._kept.write(content)

    def tell(self) -> int:
        """Say how much was written."""
        return self._kept.tell()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._kept.close()
            super().close()
        self.close()

    def close(self) -> None:
        """Send what was written."""
        if self.closed:
            return
        super().close()
        with self._kept as kept:
            kept.flush()
            kept.seek(0)
            send_file(self._transport, kept, self._name, self._replace, quiet)


def _entry(file: File) -> dict[str, Any]:
    return {**vars(file), "type": "file"}


@contextmanager
def _missing(name: str) -> Iterator[None]:
    try:
        yield
    except DeitaError as error:
        if error.code in ("file_not_found", "bad_name"):
            raise FileNotFoundError(name) from error
        raise
