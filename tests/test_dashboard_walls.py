"""A dashboard server only reads its workspace: what an app tries in there, by the kernel and by the server, fails; and
what viewers look at is new all the same. A whole Deita with bubblewrap, its workspaces in folders and on SQLite.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import nbformat
import psutil
import pytest
from deita_hub.sandbox import probe

from bench.running import Deita, running, until
from bench.server import server_process
from tests.escape.kernel import program

pytestmark = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
BESIDE = """
import os, subprocess, sys
if os.environ["DEITA_PERSON"].startswith("dash-"):
    waits = "while not os.path.exists('program.py'): time.sleep(0.1)"
    program = "import os, time\\n" + waits + "\\nexec(open('program.py').read())"
    subprocess.Popen([sys.executable, "-c", program], cwd=os.environ["HOME"])
os.execv(sys.executable, [sys.executable, "-P", "-m", "deita_server", *sys.argv[1:]])
"""
"""Starts the server, and beside a dashboard server a process in the same sandbox that does what it will be told."""
WAITS = "from voila.utils import get_query_string\nget_query_string()\n"


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("apps")


@pytest.fixture(scope="module")
def deita(tmp_path_factory: pytest.TempPathFactory, apps: Path) -> Iterator[Deita]:
    """`me` owns `gallery`, of which `vic` is a viewer; its servers have an app that an author wrote."""
    home = tmp_path_factory.mktemp("walls") / "home"
    (apps / "beside.py").write_text(BESIDE)
    command = [sys.executable, str(apps / "beside.py"), f"--WorkspaceServer.app_folders={apps}"]
    settings = {"DEITA_SERVER_COMMAND": json.dumps(command), "DEITA_SANDBOX_READABLE": str(apps)}
    with running(home, DEITA_SANDBOX="bubblewrap", DEITA_SAMPLES="0", **settings) as started:
        with started.client() as me:
            me.post(f"{started.control}/workspaces", json={"name": "Gallery", "slug": "gallery"}).raise_for_status()
        started.cli("user", "add", "vic")
        started.cli("workspace", "add", "gallery", "vic", "--role", "viewer")
        yield started


@pytest.fixture(scope="module")
def me(deita: Deita) -> Iterator[httpx.Client]:
    with deita.client() as client:
        yield client


@pytest.fixture(scope="module")
def vic(deita: Deita) -> Iterator[httpx.Client]:
    with deita.client("vic") as client:
        yield client


@pytest.fixture(scope="module")
def looked(deita: Deita, vic: httpx.Client) -> str:
    """The data plane as the viewer has it, who comes before anybody else."""
    return deita.open(vic, "gallery")


def ask(client: httpx.Client, api: str, sql: str) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30_000}).json()
    return found


def test_a_viewer_may_be_the_first_who_comes(vic: httpx.Client, looked: str) -> None:
    for noun in ("tables", "files", "saved-queries"):
        answer = vic.get(f"{looked}/{noun}")
        assert (answer.status_code, answer.json()["items"]) == (200, []), answer.text
    assert ask(vic, looked, "select 1 as one")["rows"] == [[1]]


@pytest.fixture(scope="module")
def worked(deita: Deita, me: httpx.Client, looked: str) -> str:
    """The owner's own server, used while the viewer's runs."""
    api = deita.open(me, "gallery")
    me.put(f"{api}/files/a.csv", content=b"x\n1\n2\n").raise_for_status()
    made = me.post(f"{api}/imports", json={"file": "a.csv"}).json()
    assert me.get(f"{api}/imports/{made['id']}", params={"wait_ms": 60_000}).json()["state"] == "done"
    saved = {"name": "Total", "sql": "select sum(x) as total from a"}
    me.post(f"{api}/saved-queries", json=saved).raise_for_status()
    return api


def test_what_was_committed_is_seen_soon_with_its_receipt_and_its_past(
    me: httpx.Client, vic: httpx.Client, looked: str, worked: str
) -> None:
    def total() -> list[list[int]] | None:
        return ask(vic, looked, "select sum(x) from a").get("rows")

    until(lambda: vic.get(f"{looked}/files").json()["items"], 30, "the file")
    until(lambda: total() == [[3]], 30, "the table")
    me.post(f"{worked}/queries", json={"sql": "insert into a values (4)", "mode": "write", "wait_ms": 30_000})
    until(lambda: total() == [[7]], 30, "the new rows")
    until(lambda: vic.get(f"{looked}/tables/a/versions").json()["items"][0]["version"] == 2, 30, "the version")
    before = vic.post(f"{looked}/queries", json={"sql": "from a", "as_of": {"a": 1}, "wait_ms": 30_000}).json()
    assert before["rows"] == [[1], [2]]
    asked = ask(vic, looked, "select sum(x) from a")
    receipt = vic.get(f"{looked}/queries/{asked['id']}/receipt").json()
    assert (receipt["person"], receipt["tables"][0]["version"]) == ("vic", 2)
    assert vic.get(f"{looked}/tables/a/profile").json()["version"] == 2
    assert vic.get(f"{looked}/q/total.json").json() == [{"total": 7}]
    me.post(f"{worked}/queries", json={"sql": "delete from a where x = 4", "mode": "write", "wait_ms": 30_000})
    until(lambda: total() == [[3]], 30, "the end of the rows")


def test_files_have_paths_for_members_only(me: httpx.Client, vic: httpx.Client, looked: str, worked: str) -> None:
    assert me.get(f"{worked}/workspace").json()["mounts"] != "none"
    assert vic.get(f"{looked}/workspace").json()["mounts"] == "none"


@pytest.fixture(scope="module")
def world(deita: Deita, me: httpx.Client, vic: httpx.Client, looked: str, worked: str) -> dict[str, object]:
    """What an intruder knows."""
    until(lambda: ask(vic, looked, "select sum(x) from a").get("rows") == [[3]], 30, "the table")
    id = me.get(f"{deita.control}/workspaces/gallery").json()["id"]
    workspace, copies = deita.home / "storage" / id, deita.home / "run" / "copies" / id
    assert list(workspace.glob("lake/**/*.parquet"))
    return {"mark": "c0ffee", "workspace": str(workspace), "copies": str(copies), "user": "dash-gallery"}


@pytest.fixture
def untouched(world: dict[str, object]) -> Iterator[None]:
    """Afterwards there is nothing in the workspace that was not there."""
    workspace = Path(str(world["workspace"]))
    own = workspace / "people" / "dash-gallery"
    before = contents(workspace, own)
    yield
    assert contents(workspace, own) == before


@pytest.mark.usefixtures("untouched")
def test_the_server_can_write_nothing_of_the_workspace(world: dict[str, object]) -> None:
    own = Path(str(world["workspace"]), "people", "dash-gallery")
    answer = own / "outcomes.json"
    (own / "program.new").write_text(program(world, answer, ("registry", "dashboards")))
    (own / "program.new").replace(own / "program.py")
    outcomes = json.loads(until(lambda: answer.exists() and answer.read_text(), 60, "the attempts"))
    assert len(outcomes) == 11
    assert {name: got for name, (got, _) in outcomes.items() if got} == {}
    assert {said.partition(":")[0] for _, said in outcomes.values() if said} == {"OSError"}


@pytest.mark.usefixtures("untouched")
def test_a_page_can_write_nothing_of_the_workspace(
    world: dict[str, object], deita: Deita, vic: httpx.Client, looked: str, apps: Path
) -> None:
    code = program(world, Path("outcomes.json"), ("registry", "dashboards", "data_plane"))
    tells = "import deita\ndeita.workspace().sql('select $got as outcomes', got=open('outcomes.json').read())"
    app = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(f"{WAITS}{code}\n{tells}")],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(app, apps / "tries.ipynb")
    page = vic.get(looked.replace("deita/api/v1", "apps/tries"), follow_redirects=True, timeout=120)
    assert page.status_code == 200, page.text
    queries = f"{looked}/queries"
    told = until(lambda: vic.get(queries, params={"q": "outcomes"}).json()["items"], 60, "the attempts")
    outcomes = json.loads(vic.get(f"{queries}/{told[0]['id']}/results").json()["rows"][0][0])
    assert len(outcomes) == 13
    assert {name: got for name, (got, _) in outcomes.items() if got} == {}
    stopped = {said.partition(":")[0] for _, said in outcomes.values() if said}
    assert stopped <= {"OSError", "PermissionError", "FileNotFoundError", "LookupError"}
    kernel = re.search(r'"kernelId": ?"([\w-]+)"', page.text)
    assert kernel is not None
    vic.post(looked.replace("deita/api/v1", f"apps/voila/api/shutdown/{kernel[1]}")).raise_for_status()
    log = deita.home / "logs" / "servers" / "dash-gallery--gallery.log"
    assert "Traceback" not in log.read_text(), "a kernel that is kept to itself ends as any other"


def test_the_server_itself_has_the_workspace_read_only(deita: Deita, looked: str, me: httpx.Client) -> None:
    id = me.get(f"{deita.control}/workspaces/gallery").json()["id"]
    workspace, copies = str(deita.home / "storage" / id), str(deita.home / "run" / "copies" / id)
    server = server_process(deita, "gallery", "dash-gallery")
    lines = [line.split() for line in Path(f"/proc/{server.pid}/mountinfo").read_text().splitlines()]
    mounts = {line[4]: line[5].split(",") for line in lines if line[4].startswith((workspace, copies))}
    assert {place for place, options in mounts.items() if "ro" not in options} == {f"{workspace}/people/dash-gallery"}
    assert {workspace, copies, f"{workspace}/people"} <= set(mounts)


def beside(deita: Deita) -> list[psutil.Process]:
    """What copies for the dashboard server: the walls, and the program in them."""
    found = []
    for process in psutil.process_iter():
        try:
            if "deita_server.copies" in process.cmdline() and str(deita.home) in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def test_what_copies_is_started_again_when_it_or_the_control_plane_was_killed(
    deita: Deita, me: httpx.Client, vic: httpx.Client, looked: str, worked: str
) -> None:
    assert deita.process is not None
    plane = next(each for each in psutil.Process(deita.process.pid).children() if "deita_hub.service" in each.cmdline())
    for number, victims in enumerate((beside(deita), [plane])):
        old = {process.pid for process in until(lambda: beside(deita), 60, "what copies")}
        for process in victims:
            with contextlib.suppress(psutil.NoSuchProcess):  # what is in a sandbox ends with it
                process.kill()
        until(lambda old=old: not old & {each.pid for each in beside(deita)}, 30, "the end of the old one")  # type: ignore[misc]
        sql = f"create table after_{number} as select {number} as n"
        written = me.post(f"{worked}/queries", json={"sql": sql, "mode": "write", "wait_ms": 30_000}).json()
        assert written["state"] == "done", written
        look = f"select n from after_{number}"
        until(lambda look=look: ask(vic, looked, look).get("rows"), 60, "the table")  # type: ignore[misc]


def test_it_ends_with_the_dashboard_server(deita: Deita, looked: str) -> None:
    until(lambda: beside(deita), 60, "what copies")
    server_process(deita, "gallery", "dash-gallery").kill()
    until(lambda: not beside(deita), 30, "the end of what copied")


def contents(workspace: Path, own: Path) -> set[str]:
    """The names of all files and folders but the own ones and SQLite's, which come and go."""
    names = (path for path in workspace.rglob("*") if own not in path.parents)
    return {str(path) for path in names if not path.name.endswith(("-wal", "-shm"))}
