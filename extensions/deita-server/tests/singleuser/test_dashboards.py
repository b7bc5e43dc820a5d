"""The dashboard server: what viewers reach, what they do not, and that they do not reach each other."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from deita_engine import landlock
from websockets.exceptions import ConnectionClosed, InvalidStatus

from ..apps.conftest import app_folder, write_app
from ..apps.test_pages import open_app, page_config
from ..kernel_channels import channels
from ..live_hub import Hub, Server, children, environment_of, eventually

__all__ = ["app_folder"]
ANA, BEN, EVE = "ana", "ben", "eve"
GONE = """
lab lab/tree tree api/kernels api/sessions api/contents api/terminals api/kernelspecs api/me api/status api/spec.yaml
api/config/x api/events/subscribe api/shutdown api/nbconvert files/x view/x nbconvert/html/x metrics terminals/1
""".split()  # noqa: SIM905
KINDS = "execute inspect complete history debug shutdown interrupt is_complete create_subshell usage".split()  # noqa: SIM905


@pytest.fixture(scope="module")
def house(hub: Hub) -> Iterator[Server]:
    """The owner's own server of a workspace with a file and a table."""
    owner = hub.start("me", "house")
    api = "deita/api/v1/"
    assert (
        owner.http.put(owner.url + api + "files/a.csv", content=b"x\n1\n2\n", headers=owner.headers).status_code == 201
    )
    made = owner.post(api + "imports", json={"file": "a.csv"}).json()
    assert owner.get(api + f"imports/{made['id']}", params={"wait_ms": 60_000}).json()["state"] == "done"
    yield owner
    hub.stop("me", "house")


ASKS = """
import deita
from voila.utils import get_query_string
get_query_string()
[[seven]] = deita.workspace().sql("select 7").fetchall()
deita.workspace().sql(f"select {seven} as by_kernel")
"""


SNOOPS = """
import glob, json, os
import deita
from voila.utils import get_query_string
get_query_string()

def tried(path):
    try:
        with open(path, "rb") as file:
            return file.read(100_000)
    except OSError:
        return b""

others = [place for place in glob.glob("/proc/[0-9]*") if int(place.rpartition("/")[2]) != os.getpid()]
others += [f"/proc/{pid}" for pid in KNOWN]
got = {
    "files": [path for path in PATHS if tried(path)],
    "folders": [folder for folder in FOLDERS if next(os.walk(folder), None)],
    "tokens": [place for place in others if b"TOKEN" in tried(place + "/environ")],
    "memory": [place for place in others if tried(place + "/maps")],
    "names of sockets": [path for path in ("/proc/net/unix", "/proc/self/net/unix") if tried(path)],
}
with open("mine", "w") as file:
    file.write(os.environ["TMPDIR"])
deita.workspace().sql(f"select '{json.dumps(got)}' as snooped")
"""


@pytest.fixture(scope="module")
def more(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this module's own apps are."""
    return tmp_path_factory.mktemp("more-apps")


@pytest.fixture(scope="module")
def ana(hub: Hub, house: Server, app_folder: Path, more: Path) -> Iterator[Server]:
    """The workspace's dashboard server as ana, a viewer, has it."""
    limits = ("--AppKernels.max_kernels=8", "--AppKernels.max_kernels_per_person=3")
    patience = ("--AppKernels.cull_idle_timeout=5", "--AppKernels.cull_interval=1", "--NestedVoila.guard_seconds=1")
    write_app(more, "asks", ASKS)
    apps = [f"--DashboardServer.app_folders={folder}" for folder in (app_folder, more)]
    started = hub.start("dash-house", "house", *apps, *limits, *patience)
    yield seen_by(hub, started, ANA)
    hub.stop("dash-house", "house")


@pytest.fixture(scope="module")
def ben(hub: Hub, ana: Server) -> Server:
    """The same as another viewer has it."""
    return seen_by(hub, ana, BEN)


def seen_by(hub: Hub, server: Server, viewer: str) -> Server:
    hub.share(viewer, "house")
    return dataclasses.replace(server, token=hub.token(viewer))


def open_kernel(server: Server) -> str:
    def opened() -> httpx.Response | None:
        answer = open_app(server, "counter")
        return answer if answer.status_code == 200 else None  # earlier tests' kernels may not be gone yet

    answer = eventually(opened, "a page", 60)
    return str(page_config(answer.text)["kernelId"])


def test_a_viewer_is_led_to_explore(ana: Server) -> None:
    answer = ana.get("")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/user/dash-house/house/apps/explore")
    assert open_app(ana, "explore").status_code == 200


def test_nothing_of_jupyter_server_is_there(ana: Server) -> None:
    for path in GONE:
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            answer = ana.http.request(method, ana.url + path, headers=ana.headers)
            assert answer.status_code in (403, 404, 405), (method, path, answer.status_code)


def test_who_is_not_let_in_stays_out(hub: Hub, ana: Server, house: Server) -> None:
    for headers in ({"Authorization": f"token {hub.token(EVE)}"}, house.headers):
        assert ana.http.get(ana.url + "deita/api/v1/tables", headers=headers).status_code == 403
        assert ana.http.get(ana.url + "apps/explore", headers=headers).status_code == 403
    assert ana.http.get(ana.url + "deita/api/v1/tables").status_code == 401


def test_a_viewer_looks_and_asks_in_their_own_name(ana: Server, ben: Server) -> None:
    api = "deita/api/v1/"
    assert [table["name"] for table in ana.get(api + "tables").json()["items"]] == ["a"]
    for viewer, name in ((ana, ANA), (ben, BEN)):
        assert {"person": name, "role": "viewer"}.items() <= viewer.get(api + "workspace").json().items()
        asked = viewer.post(api + "queries", json={"sql": f"select sum(x) as {name} from a", "wait_ms": 30_000}).json()
        assert (asked["rows"], asked["receipt"]["person"]) == ([[3]], name)
        assert viewer.get(api + "tables/a/profile").json()["version"] == 1
        receipt = viewer.get(api + f"queries/{asked['id']}/receipt").json()
        assert receipt["tables"][0]["origins"][0]["file"] == "a.csv"


def test_a_viewer_changes_nothing_and_gets_no_raw_file(ana: Server) -> None:
    api, write = ana.url + "deita/api/v1/", {"sql": "create table b as select 1 as y"}
    for method, path, body in (
        ("PUT", "files/b.csv", None),
        ("GET", "files/a.csv", None),
        ("HEAD", "files/a.csv", None),
        ("DELETE", "files/a.csv", None),
        ("POST", "uploads", None),
        ("POST", "imports", {"file": "a.csv"}),
        ("GET", "imports", None),
        ("POST", "imports/preview", {"file": "a.csv"}),
        ("DELETE", "tables/a", None),
        ("PATCH", "tables/a", {"name": "b"}),
        ("POST", "queries", {**write, "mode": "write"}),
        ("POST", "queries", write),
        ("POST", "saved-queries", {"name": "s", "sql": "select 1"}),
        ("POST", "workspace/upkeep", None),
    ):
        answer = ana.http.request(method, api + path, json=body, headers=ana.headers)
        assert answer.status_code == 403, (method, path, answer.text)


def test_a_query_is_its_askers_alone(ana: Server, ben: Server) -> None:
    api = "deita/api/v1/"
    key = {**ana.headers, "Idempotency-Key": "same"}
    body = {"sql": "select 7 as hers", "wait_ms": 30_000}
    asked = ana.http.post(ana.url + api + "queries", json=body, headers=key).json()
    path = f"{api}queries/{asked['id']}"
    for tail in ("", "/results", "/results?format=csv", "/profile", "/chart?x=hers", "/receipt"):
        assert (ana.get(path + tail).status_code, ben.get(path + tail).status_code) == (200, 404), tail
    assert ben.delete(path).status_code == 404
    assert ben.post(path + "/rerun", json={"as_of": "now"}).status_code == 404
    assert ben.post(api + "queries", json={"sql": "from hers", "results": {"hers": asked["id"]}}).status_code == 404
    assert asked["id"] not in str(ben.get(api + "queries").json())
    assert asked["id"] in str(ana.get(api + "queries").json())
    again = ben.http.post(ben.url + api + "queries", json=body, headers={**ben.headers, "Idempotency-Key": "same"})
    assert again.json()["id"] != asked["id"]


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub"])
def test_a_viewer_runs_no_code_on_any_channel_in_any_protocol(
    ana: Server, tmp_path: Path, channel: str, binary: bool
) -> None:
    written, kernel = tmp_path / "written", open_kernel(ana)
    with channels(ana, kernel, below="apps/", binary=binary) as page:
        code = {"code": f"open({str(written)!r}, 'w')", "silent": True, "cursor_pos": 3, "detail_level": 1}
        code |= {"command": "evaluate", "arguments": {"expression": code["code"]}, "value": code["code"]}
        code |= {"hist_access_type": "tail", "n": 10, "output": True, "raw": True, "seq": 1, "type": "request"}
        refused = [page.send(f"{kind}_request", code, channel) for kind in KINDS]
        refused.append(page.send("input_reply", code, channel))
        asked = page.send("kernel_info_request", {})
        while (got := page.receive(20))["parent_header"].get("msg_id") != asked or got["channel"] != "shell":
            assert got["parent_header"].get("msg_id") not in refused, got["header"]["msg_type"]
    assert not written.exists()


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_another_viewers_kernel_and_its_widgets_are_closed(ana: Server, ben: Server, binary: bool) -> None:
    kernel = open_kernel(ana)
    with channels(ana, kernel, below="apps/", binary=binary) as page:
        with pytest.raises(InvalidStatus) as refused, channels(ben, kernel, below="apps/", binary=binary):
            pass
        assert refused.value.response.status_code == 403
        for method, path in (
            ("GET", f"apps/api/kernels/{kernel}"),
            ("DELETE", f"apps/api/kernels/{kernel}"),
            ("POST", f"apps/voila/api/shutdown/{kernel}"),
        ):
            assert ben.http.request(method, ben.url + path, headers=ben.headers).status_code == 403, path
        asked = page.send("comm_info_request", {"target_name": "jupyter.widget"})
        assert page.answer_to(asked, "comm_info_reply")["content"]["comms"]


def test_nobody_listens_in_on_what_a_page_was_asked_with(ana: Server, ben: Server) -> None:
    kernel = open_kernel(ana)
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x" * 16,
    }
    for headers in ({}, ben.headers):
        answer = httpx.get(f"{ben.url}apps/voila/query/{kernel}", headers={**upgrade, **headers})
        assert answer.status_code == 403


def test_a_kernel_asks_in_the_name_of_who_opened_its_page(ana: Server, ben: Server) -> None:
    for viewer in (ana, ben):
        eventually(lambda viewer=viewer: open_app(viewer, "asks").status_code == 200, "a page", 60)  # type: ignore[misc]
    queries = [viewer.get("deita/api/v1/queries?q=by_kernel").json()["items"] for viewer in (ana, ben)]
    assert [[query["sql"] for query in found] for found in queries] == [["select 7 as by_kernel"]] * 2
    assert queries[0][0]["id"] != queries[1][0]["id"]


@pytest.mark.skipif(landlock.version() < landlock.FIRST_USABLE, reason="this Linux has no Landlock")
def test_a_kernel_finds_nothing_of_other_viewers_and_their_kernels(ana: Server, ben: Server, more: Path) -> None:
    hers = ben.post("deita/api/v1/queries", json={"sql": "select 'of ben'", "wait_ms": 30_000}).json()
    open_kernel(ben)
    people = ana.storage / "people" / "dash-house"
    kernels = [environment_of(pid) for pid in children(ana.pid) if "DEITA_TOKEN" in environment_of(pid)]
    own_folders = [Path(kernel["TMPDIR"]) for kernel in kernels]
    paths = [people / "history.sqlite", people / "spool" / f"{hers['id']}.arrow", Path(f"/proc/{ana.pid}/environ")]
    paths += [folder / "kernel.json" for folder in own_folders]
    folders = [people, people / "spool", ana.storage / "lake", *own_folders, own_folders[0].parent]
    assert all(path.read_bytes() for path in paths), "outside they can be read"
    known = {"KNOWN": [ana.pid, *children(ana.pid)], "PATHS": paths, "FOLDERS": folders}
    given = "".join(
        f"{name} = {[each if type(each) is int else str(each) for each in found]}\n" for name, found in known.items()
    )
    write_app(more, "snoops", given + SNOOPS)
    eventually(lambda: open_app(ana, "snoops").status_code == 200, "a page", 60)
    snooped = eventually(lambda: ana.get("deita/api/v1/queries?q=snooped").json()["items"], "the attempts", 60)
    rows = ana.get(f"deita/api/v1/queries/{snooped[0]['id']}/results").json()["rows"]
    assert {name: got for name, got in json.loads(rows[0][0]).items() if got} == {}


def test_an_address_changes_neither_template_nor_theme_nor_source(ana: Server) -> None:
    for query in (
        "?template=reveal",
        "?voila-template=reveal",
        "?voila-theme=dark",
        "?theme=x",
        "?voila-show-tracebacks=1",
    ):
        answer = open_app(ana, "counter" + query)
        assert answer.status_code in (200, 503)
        assert "on_click" not in answer.text
        assert "reveal.js" not in answer.text
    assert "/secret/path" not in open_app(ana, "broken?voila-show-tracebacks=True").text


def test_a_thousand_page_loads_start_few_kernels_and_are_refused_quickly(ana: Server, ben: Server) -> None:
    statuses = []
    open_kernel(ana)
    for _ in range(1000):
        statuses.append(ana.http.get(ana.url + "apps/counter", headers=ana.headers).status_code)
        assert set(statuses) <= {200, 503}
    assert len(children(ana.pid)) <= 9, "eight kernels and an engine"
    assert statuses.count(503) > 900
    said = open_app(ana, "counter")
    if said.status_code == 503:
        assert "Too many apps are open" in said.text
        assert said.headers["Retry-After"] == "30"
    open_kernel(ben)  # one viewer's greed is not another's trouble


def test_kernels_hold_no_secret_and_are_told_no_folder_of_results(ana: Server) -> None:
    environments = [environment_of(pid) for pid in children(ana.pid)]
    assert environments
    for environment in environments:
        names = {name for name in environment if name.startswith("JUPYTERHUB_")}
        names |= {"CANARY_TOKEN", "DEITA_SPOOL"} & set(environment)
        assert not names


def test_who_is_no_longer_let_in_is_out_within_seconds_also_on_an_open_page(hub: Hub, ana: Server) -> None:
    gone = seen_by(hub, ana, "gone")
    kernel = open_kernel(gone)
    with channels(gone, kernel, below="apps/") as page:
        hub.unshare("gone", "house")
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                page.receive(30)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
    refused = eventually(lambda: gone.get("deita/api/v1/tables").status_code == 403, "the end of the token's use", 15)
    assert refused
