"""The mount of a bucket for kernels: what it may read, when it ends, and what is so while the store is away."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from deita_hub import bucket_mounts, mounts, secret_files
from deita_hub.bucket_mounts import token
from deita_hub.settings import load as settings_of

from bench.running import Deita, running, until
from tests.escape.kernel import execute
from tests.servers.object_store import BUCKET, ObjectStore

pytestmark = pytest.mark.skipif(
    mounts.obstacle() is not None, reason=f"no bucket can be mounted here: {mounts.obstacle()}"
)
WITHIN_S = 40.0
READ = """
import time
began = time.monotonic()
try:
    open("files/away.csv").read()
except OSError as error:
    assert time.monotonic() - began < {seconds}, error
else:
    raise AssertionError("it was read from a store that is away")
"""


@pytest.fixture(scope="module")
def place(failing_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    home = tmp_path_factory.mktemp("mounted") / "home"
    with running(home, DEITA_SAMPLES="0", **failing_store.settings()) as deita:
        yield deita


@pytest.fixture(scope="module")
def client(place: Deita) -> Iterator[httpx.Client]:
    with place.client() as http:
        for slug in ("one", "two"):
            http.post(f"{place.control}/workspaces", json={"name": slug, "slug": slug}).raise_for_status()
        yield http


def id_of(place: Deita, client: httpx.Client, slug: str) -> str:
    return str(client.get(f"{place.control}/workspaces/{slug}").json()["id"])


def mounted(place: Deita) -> set[str]:
    """The ids of the workspaces that are mounted now."""
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return {Path(point).parent.name for point in points if point.startswith(str(place.home / "run" / "mounts"))}


def run(client: httpx.Client, api: str, code: str, path: str = "") -> None:
    reply = execute(client, api.removesuffix("deita/api/v1"), code, path=path)
    assert reply["status"] == "ok", "\n".join(reply["traceback"])  # type: ignore[arg-type]


def rclones(place: Deita, part: str = "") -> list[psutil.Process]:
    """Those of all mounts, or of the mounts of a part."""
    mounts = f"{place.home / 'run' / 'mounts'}/"

    def is_one(words: list[str]) -> bool:
        return any(word.startswith(mounts) and Path(word).name == (part or Path(word).name) for word in words)

    return [each for each in psutil.process_iter(["cmdline"]) if is_one(each.info["cmdline"] or [])]


def session(store: ObjectStore, issued: dict[str, str]) -> Any:
    """A client with what the mount was given."""
    names = {"access_key_id": "AccessKeyId", "secret_access_key": "SecretAccessKey", "session_token": "Token"}
    return store.client({ours: issued[theirs] for ours, theirs in names.items()})


def test_it_is_there_for_one_workspace_and_knows_no_key(
    place: Deita, client: httpx.Client, failing_store: ObjectStore
) -> None:
    api = place.open(client, "one")
    one, two = (id_of(place, client, slug) for slug in ("one", "two"))
    assert mounted(place) == {one}
    (process,) = rclones(place, "files")
    told = [word for each in rclones(place) for word in (*each.cmdline(), *each.environ().values())]
    assert not [each for each in told if failing_store.secret_key in each or failing_store.access_key in each]
    credentials = f"{place.control}/mounts/{{}}/files/credentials"
    shown = {"Authorization": process.environ()["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    assert httpx.get(credentials.format(two), headers=shown).json()["code"] == "token_scope"
    assert client.get(credentials.format(one)).json()["code"] == "token_scope"
    assert httpx.get(f"{place.control}/mounts/{one}/notebooks/credentials", headers=shown).status_code == 403
    store = session(failing_store, httpx.get(credentials.format(one), headers=shown).json())
    prefix = place.environment["DEITA_STORAGE"].removeprefix(f"s3://{BUCKET}/")
    client.put(f"{api}/files/own.csv", content=b"own").raise_for_status()
    sha256 = client.get(f"{api}/files/own.csv/meta").json()["sha256"]
    key = f"files/{sha256[:2]}/{sha256}"
    assert store.get_object(Bucket=BUCKET, Key=f"{prefix}/{one}/{key}")["Body"].read() == b"own"
    for other in (f"{two}/{key}", f"{one}/notebooks/n.py"):
        failing_store.client().put_object(Bucket=BUCKET, Key=f"{prefix}/{other}", Body=b"other")
    for forbidden in (
        lambda: store.get_object(Bucket=BUCKET, Key=f"{prefix}/{two}/{key}"),
        lambda: store.get_object(Bucket=BUCKET, Key=f"{prefix}/{one}/notebooks/n.py"),
        lambda: store.put_object(Bucket=BUCKET, Key=f"{prefix}/{one}/{key}", Body=b"changed"),
    ):
        with pytest.raises(store.exceptions.ClientError, match="AccessDenied"):
            forbidden()
    gone = secret_files.load(settings_of({"DEITA_HOME": str(place.home)}))
    unknown = {"Authorization": f"Bearer {token(gone, 'no-such-workspace', 'files')}"}
    assert httpx.get(credentials.format("no-such-workspace"), headers=unknown).status_code == 403


NOTEBOOKS = """
import os, pathlib, shutil, sys, deita
folder = deita.notebooks() / "sub"
assert folder.samefile("notebooks/sub")
sys.path.append(str(folder))
sys.dont_write_bytecode = True
import helpers
assert helpers.VALUE == 7
pathlib.Path("notebooks/sub/out.csv").write_text("a\\n1\\n")
os.rename(folder / "out.csv", folder / "kept.csv")
os.makedirs(folder / "deep" / "er")
shutil.copy(folder / "kept.csv", folder / "deep" / "er" / "größe 1.csv")
with open(folder / "kept.csv", "a") as file:
    file.write("2\\n")
(folder / "gone.csv").write_text("gone")
(folder / "gone.csv").unlink()
shown = sorted(name for name in os.listdir(folder) if not name.startswith("."))
assert shown == ["deep", "helpers.py", "kept.csv"], shown
"""


def shown(client: httpx.Client, api: str, path: str) -> Any:
    """What JupyterLab shows of the path; None where it finds nothing."""
    answer = client.get(api.removesuffix("deita/api/v1") + f"api/contents/{path}")
    return answer.json()["content"] if answer.status_code == 200 else None


def test_a_kernel_reads_and_writes_the_notebooks_of_the_bucket(place: Deita, client: httpx.Client) -> None:
    api = place.open(client, "one")
    contents = api.removesuffix("deita/api/v1") + "api/contents"
    client.put(f"{contents}/sub", json={"type": "directory"}).raise_for_status()
    helpers = {"type": "file", "format": "text", "content": "VALUE = 7\n"}
    client.put(f"{contents}/sub/helpers.py", json=helpers).raise_for_status()
    run(client, api, NOTEBOOKS)

    until(lambda: shown(client, api, "sub/kept.csv") == "a\n1\n2\n", what="what the kernel wrote, in JupyterLab")
    until(lambda: shown(client, api, "sub/deep/er/größe 1.csv") == "a\n1\n", what="what the kernel copied")
    assert sorted(each["name"] for each in shown(client, api, "sub")) == ["deep", "helpers.py", "kept.csv"]
    changed = {"type": "file", "format": "text", "content": "VALUE = 8\n"}
    client.put(f"{contents}/sub/helpers.py", json=changed).raise_for_status()
    run(client, api, "assert open('notebooks/sub/helpers.py').read() == 'VALUE = 8\\n'")


def test_the_mount_of_notebooks_writes_nothing_else(
    place: Deita, client: httpx.Client, failing_store: ObjectStore
) -> None:
    place.open(client, "one")
    one, two = (id_of(place, client, slug) for slug in ("one", "two"))
    (process,) = rclones(place, "notebooks")
    shown = {"Authorization": process.environ()["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}
    issued = httpx.get(f"{place.control}/mounts/{one}/notebooks/credentials", headers=shown).json()
    store, prefix = session(failing_store, issued), place.environment["DEITA_STORAGE"].removeprefix(f"s3://{BUCKET}/")
    store.put_object(Bucket=BUCKET, Key=f"{prefix}/{one}/notebooks/by-session.txt", Body=b"1")
    for other in (f"{one}/files/x", f"{one}/lake/x", f"{one}/notebooks-not/x", f"{two}/notebooks/x"):
        with pytest.raises(store.exceptions.ClientError, match="AccessDenied"):
            store.put_object(Bucket=BUCKET, Key=f"{prefix}/{other}", Body=b"1")


def test_what_is_written_among_notebooks_while_the_store_is_away_goes_there_later(
    place: Deita, client: httpx.Client, failing_store: ObjectStore
) -> None:
    api = place.open(client, "one")
    run(client, api, "open('notebooks/before.txt', 'w').write('before')")
    until(lambda: shown(client, api, "before.txt") == "before", what="what was written")
    with failing_store.frozen():
        run(client, api, "with open('notebooks/before.txt', 'a') as file:\n    file.write(' and after')")
    until(lambda: shown(client, api, "before.txt") == "before and after", 120, "what was written meanwhile")


def test_a_store_that_is_away_is_an_error_and_not_the_end(
    place: Deita, client: httpx.Client, failing_store: ObjectStore
) -> None:
    api = place.open(client, "one")
    client.put(f"{api}/files/away.csv", content=b"a\n1\n").raise_for_status()
    with failing_store.frozen():
        run(client, api, READ.format(seconds=WITHIN_S))
    run(client, api, "assert open('files/away.csv').read() == 'a\\n1\\n'")


def test_a_mount_ends_with_its_last_server_and_is_made_while_the_store_is_away(
    place: Deita, client: httpx.Client, failing_store: ObjectStore
) -> None:
    here = settings_of({"DEITA_HOME": str(place.home)})
    place.open(client, "one")
    bucket_mounts.sweep(here, unused=0)
    assert mounted(place)
    place.cli("workspace", "stop", "one")
    bucket_mounts.sweep(here)
    assert mounted(place)  # somebody may be about to start
    until(lambda: bucket_mounts.sweep(here, unused=0) or not mounted(place), what="the end of the mount")
    with failing_store.frozen():
        place.open(client, "one")
        assert mounted(place)


def test_a_killed_mount_comes_back_with_the_next_server(place: Deita, client: httpx.Client) -> None:
    api = place.open(client, "one")
    client.put(f"{api}/files/back.csv", content=b"back").raise_for_status()
    for process in rclones(place):
        process.kill()
    place.cli("workspace", "stop", "one")
    run(client, place.open(client, "one"), "assert open('files/back.csv').read() == 'back'")


def test_mounts_of_a_killed_deita_are_cleaned_at_the_next_start(place: Deita, client: httpx.Client) -> None:
    place.open(client, "one")
    old = {process.pid for process in rclones(place)}
    assert old
    place.stop(signal.SIGKILL)
    place.start()
    assert not mounted(place) and not [each for each in rclones(place) if each.pid in old]
    place.open(client, "one")
    assert mounted(place) == {id_of(place, client, "one")}


def test_stopping_deita_leaves_no_mount(place: Deita, client: httpx.Client) -> None:
    place.open(client, "two")
    place.stop()
    assert not mounted(place) and not rclones(place)
    place.start()


def test_without_fuse_it_is_said_and_files_are_opened_through_the_data_plane(
    failing_store: ObjectStore, tmp_path: Path
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for folder in os.environ["PATH"].split(os.pathsep):
        for program in Path(folder).glob("*"):
            if program.name != "rclone" and not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    assert shutil.which("rclone", path=str(programs)) is None
    settings = {**failing_store.settings(), "DEITA_SAMPLES": "0", "PATH": str(programs)}
    with running(tmp_path / "home", **settings) as deita, deita.client() as client:
        assert "none: rclone is not installed" in deita.cli("check").stdout
        client.post(f"{deita.control}/workspaces", json={"name": "Plain", "slug": "plain"}).raise_for_status()
        api = deita.open(client, "plain")
        assert client.get(f"{api}/workspace").json()["mounts"] == "none"
        client.put(f"{api}/files/plain.csv", content=b"plain").raise_for_status()
        code = "import deita, os; assert deita.open('plain.csv').read() == b'plain' and not os.path.lexists('files')"
        run(client, api, code)
