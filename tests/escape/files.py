"""Ways to files of Deita, of other workspaces, of other people, of the machine."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.escape.registry import World, attempt, canaries, first, read, tried

SKIPPED = ("/proc", "/sys", "/dev", "/usr")


@attempt
def read_secrets(world: World) -> object:
    return first(read(Path(world["home"], "secrets", name)) for name in world["secrets"])


@attempt
def list_secrets(world: World) -> object:
    return os.listdir(Path(world["home"], "secrets"))


@attempt
def open_the_hubs_database(world: World) -> object:
    uri = f"file:{world['home']}/hub.sqlite?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        return database.execute("select name from users").fetchall()


@attempt
def open_the_catalog(world: World) -> object:
    uri = f"file:{world['home']}/catalog.sqlite?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        return database.execute("select * from sqlite_master").fetchall()


@attempt
def read_logs(world: World) -> object:
    return first(read(Path(world["home"], "logs", name)) for name in ("hub.log", "proxy.log", "control-plane.log"))


@attempt
def read_the_sign_in_state(world: World) -> object:
    return read(Path(world["home"], "up.json"))


@attempt
def list_deitas_folder(world: World) -> object:
    seen = {
        os.path.relpath(os.path.join(root, name), world["home"])
        for root, _, names in os.walk(world["home"])
        for name in names
    }
    return {name for name in seen if not name.startswith(("lifeline.lock", "storage/", "run/doors/"))}


@attempt
def list_workspaces(world: World) -> object:
    return set(os.listdir(world["storage"])) - {Path(world["workspace"]).name}


@attempt
def read_another_workspace(world: World) -> object:
    return os.listdir(world["other_workspace"])


@attempt
def climb_by_dots(world: World) -> object:
    return os.listdir(f"{world['workspace']}/notebooks/../../{Path(world['other_workspace']).name}")


@attempt
def list_other_members(world: World) -> object:
    return set(os.listdir(Path(world["workspace"], "people"))) - {world["person"]}


@attempt
def read_another_members_history(world: World) -> object:
    return read(Path(world["workspace"], "people", world["other_person"], "history.sqlite"))


@attempt
def read_another_members_results(world: World) -> object:
    return os.listdir(Path(world["workspace"], "people", world["other_person"], "spool"))


@attempt
def make_a_member_folder(world: World) -> object:
    place = Path(world["workspace"], "people", "eve")
    place.mkdir()
    return place


@attempt
def move_the_people_folder_away(world: World) -> object:
    people = Path(world["workspace"], "people")
    return people.rename(people.with_name("people-away"))


@attempt
def follow_a_symbolic_link(world: World) -> object:
    targets = (
        world["other_workspace"],
        f"{world['home']}/secrets",
        f"{world['workspace']}/people/{world['other_person']}",
    )
    for number, target in enumerate(targets):
        link = Path(world["workspace"], "notebooks", f"way-{number}")
        link.symlink_to(target)
        if link.exists():
            return os.listdir(link)
    return None


@attempt
def write_through_the_path_of_a_file(world: World) -> object:
    names = Path(world["workspace"], "notebooks", "files")
    for way in ("r+b", "ab", "wb"):
        try:
            with open(names / "shared.csv", way) as file:
                return file.write(b"x")
        except OSError as error:
            if not isinstance(error, PermissionError):
                raise LookupError("there is no such file to write to") from error
    return names.joinpath("planted.csv").write_text("x")


@attempt
def reach_another_workspace_by_the_names_of_files(world: World) -> object:
    names = Path(world["workspace"], "view", "names")
    names.chmod(0o700)
    link = names / "way.csv"
    link.symlink_to(Path(world["other_workspace"], "files"))
    try:
        return os.listdir(link)
    finally:
        link.unlink()


@attempt
def link_a_secret_into_the_workspace(world: World) -> object:
    target = Path(world["workspace"], "notebooks", "linked")
    os.link(Path(world["home"], "secrets", world["secrets"][0]), target)
    return target


@attempt
def link_the_lifeline_into_the_workspace(world: World) -> object:
    target = Path(world["workspace"], "notebooks", "lifeline")
    os.link(Path(world["home"], "lifeline.lock"), target)
    return target


@attempt
def write_the_lifeline(world: World) -> object:
    with Path(world["home"], "lifeline.lock").open("r+b") as file:
        return file.write(b"x")


@attempt
def replace_the_lifeline(world: World) -> object:
    Path(world["home"], "lifeline.lock").unlink()
    return "gone"


@attempt
def read_the_operators_keys(world: World) -> object:
    home = Path(world["operator_home"])
    return first(read(home / name) for name in (".ssh/id_ed25519", ".aws/credentials"))


@attempt
def read_the_machines_secrets(world: World) -> object:
    names = ("/etc/shadow", "/etc/gshadow", "/etc/ssl/private", "/etc/ssh", "/root/.ssh", "/var/log", "/run/secrets")
    return first(name for name in names if os.path.exists(name))


@attempt
def look_through_open_descriptors(world: World) -> object:
    """A directory that was left open would lead anywhere by `..`."""
    for name in os.listdir("/proc/self/fd"):
        place = f"/proc/self/fd/{name}"
        if os.path.isdir(place) and not os.readlink(place).startswith(("/proc", world["workspace"], "/tmp")):
            return os.readlink(place)
    return None


@attempt
def climb_out_of_the_root(world: World) -> object:
    roots = ("/proc/1/root", "/proc/self/root", "/proc/1/cwd/../..", "/..")
    return first(root for root in roots if os.path.exists(f"{root}{world['home']}/secrets"))


@attempt
def search_every_file_for_secrets(world: World) -> object:
    """Read whatever can be read beside the programs, which hold none."""
    skipped = (*SKIPPED, *world["programs"])
    for root, folders, names in os.walk("/"):
        folders[:] = [folder for folder in folders if not os.path.join(root, folder).startswith(skipped)]
        for name in names:
            found = canaries(world, tried(os.path.join(root, name)))
            if found:
                return f"{found} in {os.path.join(root, name)}"
    return None
