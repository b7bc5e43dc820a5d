"""Brings a workspace's files to a bucket and to the folder of what stays local, and reads them back.

Each step can be done again: what is there whole is not sent twice, and what does not belong there goes.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from deita_engine.objects import Objects

from .contents import Contents, Item

AT_ONCE = 4
BLOCK_BYTES = 8 * 2**20
FRESH = ".migrating"
Progress = Callable[[str, int, int], None]
"""Told what is done, how many of it are, and of how many."""
Result = TypeVar("Result")


def bent(contents: Contents, progress: Progress) -> list[str]:
    """The names of files whose bytes are not what their name says."""
    named = [item for item in contents.items if item.sha256 and item.path]
    hashes = _each("check", named, lambda item: hash_of(item.path) if item.path else "", progress)
    return [item.key for item, found in zip(named, hashes, strict=True) if found != item.sha256]


def upload(contents: Contents, objects: Objects, progress: Progress) -> None:
    """Put everything under its key, and remove keys that nothing here has."""
    for _ in _each("upload", contents.items, partial(_put, objects), progress):
        pass
    keys = {item.key for item in contents.items}
    for found in list(objects.below("")):
        if found.key not in keys:
            objects.delete(found.key)


def _put(objects: Objects, item: Item) -> None:
    there = objects.head(item.key)
    if item.path is None:
        objects.put(item.key, b"")
        return
    if there is not None and not (item.fixed and there.size == item.path.stat().st_size):
        objects.delete(item.key)
    objects.put_file(item.path, item.key, item.sha256)


def differing(contents: Contents, objects: Objects, progress: Progress) -> list[str]:
    """The keys that do not hold the bytes that they should: every byte is read back."""
    hashes = _each("read back", contents.items, lambda item: _hash_of_key(objects, item.key), progress)
    return [item.key for item, found in zip(contents.items, hashes, strict=True) if found != _hash_of_item(item)]


def copy_local(contents: Contents, source: Path, target: Path, progress: Progress) -> None:
    """Copy what stays on this machine's disk: people's folders and uploads under way."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = set(contents.local)
    for _ in _each("copy", contents.local, lambda name: _copy(source, target, name), progress):
        pass
    for part in ("people", "incoming"):
        for path in [path for path in (target / part).rglob("*") if path.is_file()]:
            if str(path.relative_to(target)) not in wanted:
                path.unlink()


def differing_local(contents: Contents, source: Path, target: Path, progress: Progress) -> list[str]:
    """The local files that are not the same here and there."""

    def same(name: str) -> bool:
        return (target / name).is_file() and hash_of(source / name) == hash_of(target / name)

    found = _each("compare", contents.local, same, progress)
    return [name for name, is_same in zip(contents.local, found, strict=True) if not is_same]


def _copy(source: Path, target: Path, name: str) -> str:
    """Copy a file with its mode, complete before it has its name, into folders of the same modes."""
    for folder in reversed(Path(name).parents):
        if not (target / folder).is_dir():
            (target / folder).mkdir(mode=0o700, exist_ok=True)
            shutil.copymode(source / folder, target / folder)
    fresh = target / f"{name}{FRESH}"
    shutil.copy2(source / name, fresh)
    with fresh.open("rb") as copied:
        os.fsync(copied.fileno())
    fresh.replace(target / name)
    return name


def hash_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _hash_of_item(item: Item) -> str:
    if item.path is None:
        return hashlib.sha256(b"").hexdigest()
    return item.sha256 or hash_of(item.path)


def _hash_of_key(objects: Objects, key: str) -> str | None:
    found = objects.head(key)
    if found is None:
        return None
    digest = hashlib.sha256()
    for begin in range(0, found.size, BLOCK_BYTES):
        digest.update(objects.get(key, begin, min(begin + BLOCK_BYTES, found.size)))
    return digest.hexdigest()


Thing = TypeVar("Thing")


def _each(doing: str, things: Iterable[Thing], work: Callable[[Thing], Result], progress: Progress) -> Iterator[Result]:
    """Do the work on all, some at once; results in the order of the things. The first failure is raised."""
    listed = list(things)
    progress(doing, 0, len(listed))
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for number, result in enumerate(threads.map(work, listed), 1):
            progress(doing, number, len(listed))
            yield result
