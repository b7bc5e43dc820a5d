"""The workspace's files by path: what `open("files/…")` does in a real kernel, with walls around it and without, where
workspaces lie in a folder and where they lie in a bucket.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from deita_hub import mounts
from deita_hub.sandbox import probe

from bench.running import Deita, running
from tests.escape.kernel import execute
from tests.servers.object_store import ObjectStore

NAME = "größe 1%20 #2.csv"
NO_WALLS = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
NO_FUSE = pytest.mark.skipif(mounts.obstacle() is not None, reason=f"no bucket can be mounted: {mounts.obstacle()}")
PLACES = [
    pytest.param(("bind", "none"), id="folder"),
    pytest.param(("bind", "bubblewrap"), id="folder, walls", marks=NO_WALLS),
    pytest.param(("fuse", "none"), id="bucket", marks=NO_FUSE),
    pytest.param(("fuse", "bubblewrap"), id="bucket, walls", marks=[NO_WALLS, NO_FUSE]),
]


@pytest.fixture(scope="module", params=PLACES)
def kind(request: pytest.FixtureRequest) -> tuple[str, str]:
    """How files get their paths, and the walls."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def place(
    kind: tuple[str, str], object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deita]:
    settings = object_store.settings() if kind[0] == "fuse" else {}
    home = tmp_path_factory.mktemp("mounts") / "home"
    with running(home, DEITA_SANDBOX=kind[1], DEITA_SAMPLES="0", **settings) as deita:
        yield deita


@pytest.fixture(scope="module")
def client(place: Deita) -> Iterator[httpx.Client]:
    with place.client() as http:
        http.post(f"{place.control}/workspaces", json={"name": "Mounts", "slug": "mounts"}).raise_for_status()
        yield http


@pytest.fixture(scope="module")
def api(place: Deita, client: httpx.Client) -> str:
    return place.open(client, "mounts")


def storage(place: Deita, client: httpx.Client) -> Path:
    workspaces = place.home / ("local" if "DEITA_S3_ROLE" in place.environment else "storage")
    return workspaces / client.get(f"{place.control}/workspaces/mounts").json()["id"]


def run(client: httpx.Client, api: str, code: str) -> None:
    reply = execute(client, api.removesuffix("deita/api/v1"), code)
    assert reply["status"] == "ok", "\n".join(reply["traceback"])  # type: ignore[arg-type]


LIFE = f"""
import os, pathlib, tempfile, deita
name, ws = {NAME!r}, deita.workspace()

def upload(text):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, name).write_text(text)
        ws.upload(pathlib.Path(folder, name), replace=True)

upload("first")
assert open("files/" + name).read() == "first"
assert deita.path(name).read_text() == "first"
held = open("files/" + name)
upload("second")
assert open("files/" + name).read() == "second" and held.read() == "first"
ws.transport.send("PATCH", deita.http.path_of("files", name), json_body={{"name": name.upper()}})
assert os.listdir("files") == [name.upper()], os.listdir("files")
assert open("files/" + name.upper()).read() == "second"
ws.delete_file(name)
assert os.listdir("files") == [] and not os.path.exists("files/" + name.upper())
try:
    deita.path(name)
except deita.DeitaError as error:
    assert error.code == "file_not_found"
else:
    raise AssertionError("a path to nothing")
"""

REFUSED = """
import os, pathlib, errno
ways = {
    "write": lambda: open("files/kept.csv", "w"),
    "append": lambda: open("files/kept.csv", "a"),
    "change": lambda: open("files/kept.csv", "r+b"),
    "truncate": lambda: os.truncate("files/kept.csv", 0),
    "add": lambda: open("files/mine.csv", "w"),
    "remove": lambda: os.unlink("files/kept.csv"),
    "rename": lambda: os.rename("files/kept.csv", "files/other.csv"),
    "replace": lambda: os.replace("files/kept.csv", "stolen.csv"),
}
for name, way in ways.items():
    try:
        way()
    except OSError as error:
        assert error.errno in (errno.EACCES, errno.EROFS), (name, error)
    else:
        raise AssertionError(name)
assert open("files/kept.csv").read() == "kept"
"""


def test_a_kernel_opens_a_file_by_its_name_as_long_as_it_has_that_name(
    kind: tuple[str, str], client: httpx.Client, api: str
) -> None:
    assert client.get(f"{api}/workspace").json()["mounts"] == kind[0]
    run(client, api, LIFE)


def test_nothing_is_written_through_a_path(client: httpx.Client, api: str) -> None:
    client.put(f"{api}/files/kept.csv", content=b"kept").raise_for_status()
    run(client, api, REFUSED)
    assert client.get(f"{api}/files/kept.csv").text == "kept"


def test_jupyterlab_shows_the_files_once(place: Deita, client: httpx.Client, api: str) -> None:
    client.put(f"{api}/files/listed.csv", content=b"1").raise_for_status()
    contents = api.removesuffix("deita/api/v1") + "api/contents"
    shown = [entry["path"] for entry in client.get(contents).json()["content"]]
    assert shown.count("files") == 1 and "files (on disk)" not in shown
    assert "files/listed.csv" in [entry["path"] for entry in client.get(f"{contents}/files").json()["content"]]
    assert (storage(place, client) / "notebooks" / "files").is_symlink()


def test_a_folder_of_that_name_stays_and_what_a_crash_left_is_put_right(
    kind: tuple[str, str], place: Deita, client: httpx.Client, api: str
) -> None:
    client.put(f"{api}/files/again.csv", content=b"again").raise_for_status()
    root = storage(place, client)
    place.cli("workspace", "stop", "mounts")
    (root / "view" / "names").chmod(0o700)
    (root / "view" / "names" / "again.csv").unlink()
    (root / "view" / "names" / "gone.csv").symlink_to("../files/00/" + "0" * 64)
    (root / "notebooks" / "files").unlink()
    (root / "notebooks" / "files").mkdir()
    (root / "notebooks" / "files" / "own.txt").write_text("own")
    api = place.open(client, "mounts")
    client.get(f"{api}/workspace").raise_for_status()
    run(client, api, "assert open('files/own.txt').read() == 'own'\nimport deita; deita.path('again.csv').read_text()")
    assert not (root / "view" / "names" / "gone.csv").is_symlink()
    contents = api.removesuffix("deita/api/v1") + "api/contents"
    shown = [entry["path"] for entry in client.get(contents).json()["content"]]
    assert "files" in shown and ("files (on disk)" in shown) == (kind[0] == "bind")  # a bucket's notebooks lie there


def test_a_workspace_with_read_only_folders_can_be_purged(tmp_path: Path) -> None:
    from deita_hub import settings, storage

    here = settings.load({"DEITA_HOME": str(tmp_path)})
    names = storage.make_folder(here, "x") / "view" / "names"
    names.mkdir(parents=True)
    (names / "a.csv").symlink_to("../files/nowhere")
    names.chmod(0o500)
    storage.mount_cache(here, "x").mkdir(parents=True)
    storage.purge(here, "x")
    assert not storage.mount_cache(here, "x").exists()
    assert not storage.folder(here, "x").exists()
