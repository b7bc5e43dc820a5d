"""Ways to write into the workspace that viewers look at, from inside their server's sandbox, by whatever runs there in
a folder of its own.
"""

from __future__ import annotations

import ctypes
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.escape.registry import World, attempt

REMOUNT = 32
LIBC = ctypes.CDLL(None, use_errno=True)


def places(world: World) -> Iterator[tuple[str, list[str], list[str]]]:
    """Everything of the workspace and its copies but the own folder. Raises LookupError when nothing can be seen."""
    seen = False
    for root in (world["workspace"], world["copies"]):
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if os.path.join(folder, name) != os.getcwd()]
            seen = True
            yield folder, folders, names
    if not seen:
        raise LookupError("there is no workspace here")


def succeeded(calls: Iterator[object]) -> list[str]:
    """Where a call did what it was to do."""
    found = []
    for place, call in calls:
        try:
            call()
        except OSError:
            continue
        found.append(str(place))
    return found


@attempt
def make_a_file_in_each_folder(world: World) -> object:
    return succeeded(
        (folder, lambda folder=folder: open(os.path.join(folder, "planted"), "x").close())
        for folder, _, _ in places(world)
    )


@attempt
def make_a_folder_in_each_folder(world: World) -> object:
    return succeeded(
        (folder, lambda folder=folder: os.mkdir(os.path.join(folder, "planted-folder")))
        for folder, _, _ in places(world)
    )


@attempt
def open_each_file_for_writing(world: World) -> object:
    files = [os.path.join(folder, name) for folder, _, names in places(world) for name in names]
    return succeeded((file, lambda file=file: open(file, "r+b").close()) for file in files)


@attempt
def change_when_each_file_was_written(world: World) -> object:
    files = [os.path.join(folder, name) for folder, _, names in places(world) for name in names]
    return succeeded((file, lambda file=file: os.utime(file)) for file in files)


@attempt
def rename_each_folder(world: World) -> object:
    folders = [os.path.join(folder, name) for folder, names, _ in places(world) for name in names]
    return succeeded((folder, lambda folder=folder: os.rename(folder, folder + "-away")) for folder in folders)


@attempt
def link_a_file_into_the_own_folder(world: World) -> object:
    target = Path("linked").absolute()
    os.link(Path(world["workspace"], "workspace.sqlite"), target)
    return target


@attempt
def move_something_into_the_workspace(world: World) -> object:
    own = Path("mine").absolute()
    own.write_text("mine")
    return own.rename(Path(world["workspace"], "mine"))


@attempt
def write_the_databases(world: World) -> object:
    got = []
    for folder in (world["workspace"], world["copies"]):
        for name in ("workspace.sqlite", "lake.sqlite"):
            try:
                with closing(sqlite3.connect(os.path.join(folder, name), timeout=1)) as connection, connection:
                    connection.execute("create table planted (x)")
            except sqlite3.Error:
                continue
            got.append(f"{folder}/{name}")
    return got


@attempt
def mount_the_workspace_again(world: World) -> object:
    return LIBC.mount(None, world["workspace"].encode(), None, REMOUNT, None) == 0


@attempt
def write_by_way_of_every_process(world: World) -> object:
    roots = [Path("/proc/self/root"), *(place / "root" for place in Path("/proc").glob("[0-9]*"))]
    return succeeded(
        (root, lambda root=root: open(f"{root}{world['workspace']}/planted", "x").close()) for root in roots
    )


@attempt
def see_other_people(world: World) -> object:
    return set(os.listdir(Path(world["workspace"], "people"))) - {world["user"]}
