"""Bytes that go to a bucket while they arrive: parts of a temporary key, which is copied to the blob's in the end.

S3 names a key before its first byte, a blob is named by its hash, and a part is 5 MiB at least, while tus lets a client
send any number of bytes. So bytes grow in a local file; what makes a whole part is sent and punched out of the file,
which never holds more than a few parts. The copy at the end is made by the store itself.

The note beside the file says which parts are there. ListParts was the other way: it also shows parts that were replaced
(SeaweedFS), and a part that is there may have been sent after the last byte that was acknowledged.
"""

from __future__ import annotations

import contextlib
import json
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from .file_part import FilePart
from .holes import punch
from .objects import PART_BYTES, Objects
from .shapes import EngineError
from .store import key_of, sync

FOLDER = "incoming/"
GROWS_AFTER = 1500
"""Parts double in size after so many: 9,000 of the 10,000 that there may be are 1.5 TB."""


@dataclass(frozen=True)
class Part:
    """A part that is in the bucket, up to which byte of the whole it goes, and how the store names what it got."""

    end: int
    etag: str


class Multipart:
    """What of a growing file is in the bucket already: its first `sent` bytes.

    Methods block; one thread at a time. They raise EngineError storage_unavailable, and upload_not_found when the
    store has forgotten the parts. Without a `note` nobody could go on after a crash.
    """

    def __init__(self, objects: Objects, name: str, note: Path | None = None) -> None:
        self._objects, self._key, self._note = objects, f"{FOLDER}{name}", note
        self._upload, self._parts = _noted(note)
        self.is_complete = False

    @property
    def sent(self) -> int:
        """How many bytes are in the bucket."""
        return self._parts[-1].end if self._parts else 0

    def is_due(self, stored: int, parts: int = 1) -> bool:
        """Whether so many parts are whole and not sent, of `stored` bytes in the file. The last byte is for the end."""
        first = len(self._parts)
        return self.sent + sum(part_bytes(first + each) for each in range(parts)) < stored

    def go_back(self, safe: int) -> None:
        """Forget what goes beyond `safe` bytes: others come in their place."""
        kept = [part for part in self._parts if part.end <= safe]
        if len(kept) < len(self._parts):
            self._parts = kept
            self._write_note()

    def send(self, descriptor: int, safe: int) -> None:
        """Send the next whole part, and give its disk back unless bytes up to `safe` may be needed to go on from."""
        self._send(descriptor, self.sent + part_bytes(len(self._parts)))
        ends = [0, *(part.end for part in self._parts)]
        punch(descriptor, 0, ends[bisect_right(ends, safe) - 1])
        after = bisect_left(ends, safe)
        if after < len(ends):
            punch(descriptor, ends[after], ends[-1])

    def complete(self, descriptor: int, stored: int) -> None:
        """Send what is left of `stored` bytes, and make one key of it; may be done again after it failed."""
        while self.sent < stored:
            self._send(descriptor, min(self.sent + part_bytes(len(self._parts)), stored))
        assert self._upload is not None
        try:
            self._objects.complete(self._key, self._upload, [part.etag for part in self._parts])
        except FileNotFoundError:
            pass  # it was completed before, or is lost: the size tells
        if self._objects.size(self._key) != stored:
            raise _lost()
        self.is_complete = True

    def read(self, begin: int, end: int) -> bytes:
        """Bytes of what is complete."""
        with _known():
            return self._objects.get(self._key, begin, end)

    def place(self, sha256: str) -> None:
        """Make what is complete a blob, unless there is one; may be done again."""
        with _known():
            if self._objects.size(key_of(sha256)) is None:
                self._objects.copy(self._key, key_of(sha256))

    def discard(self) -> None:
        """Leave nothing. What cannot be removed now is swept later."""
        with contextlib.suppress(EngineError, FileNotFoundError):
            if self._upload is not None:
                self._objects.abort(self._key, self._upload)
                self._objects.delete(self._key)
        if self._note:
            self._note.unlink(missing_ok=True)

    def _send(self, descriptor: int, end: int) -> None:
        with _known():
            if self._upload is None:
                self._upload = self._objects.begin(self._key)
                self._write_note()
            body = FilePart(descriptor, self.sent, end)
            etag = self._objects.put_part(self._key, self._upload, len(self._parts) + 1, body)
        self._parts.append(Part(end, etag))
        if self._note:
            with self._note.open("a") as note:
                _write(note.fileno(), asdict(self._parts[-1]))

    def _write_note(self) -> None:
        if self._note is None:
            return
        fresh = self._note.with_suffix(".new")
        with fresh.open("w") as note:
            for line in ({"upload": self._upload}, *map(asdict, self._parts)):
                _write(note.fileno(), line)
        fresh.replace(self._note)
        sync(self._note.parent)


def part_bytes(number: int) -> int:
    """How large a part is, counted from 0."""
    return PART_BYTES << (number // GROWS_AFTER)


def _write(descriptor: int, line: dict[str, object]) -> None:
    os.write(descriptor, json.dumps(line).encode() + b"\n")
    os.fsync(descriptor)


def _noted(note: Path | None) -> tuple[str | None, list[Part]]:
    """The upload's id at the store and its parts; a line that a crash cut short is no part."""
    if note is None or not note.exists():
        return None, []
    content = note.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    os.truncate(note, len(whole))
    first, *lines = map(json.loads, whole.splitlines())
    return first["upload"], [Part(**line) for line in lines]


@contextmanager
def _known() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise _lost() from None


def _lost() -> EngineError:
    message = "What had arrived of the upload is no longer in the bucket."
    return EngineError("upload_not_found", message, "Begin it again.")
