"""Workspace servers as containers of a real Docker Engine: everything that people do, and what stands between them.

`make test-docker` runs it: it needs root, runc and iptables, and takes the engine from Debian at the first time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest

from bench.running import Deita, free_port, until
from tests.escape.kernel import execute
from tests.servers.docker_engine import USER, Engine, running_engine

pytestmark = pytest.mark.docker
CSV = b"city,people\nBonn,340\nKiel,250\n"
FAILING = ["sh", "-c", '[ "$DEITA_WORKSPACE" != broken ] || exit 3; exec "$@"', "server"]


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with running_engine(request.config.rootpath / ".venv" / "docker-engine") as started:
        yield started


@pytest.fixture(scope="module")
def containers(engine: Engine) -> Iterator[docker.DockerClient]:
    with contextlib.closing(engine.client()) as client:
        yield client


@pytest.fixture(scope="module")
def deita(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    settings = engine.settings()
    command = json.dumps([*FAILING, *json.loads(settings["DEITA_SERVER_COMMAND"])])
    ports = {"DEITA_HUB_PORT": str(free_port()), "DEITA_SERVICE_PORT": str(free_port())}
    limits = {"DEITA_SERVER_MEMORY": str(2**31), "DEITA_SERVER_PROCESSES": "500", "DEITA_SERVER_CPUS": "2"}
    egress = {"DEITA_EGRESS_PORT": str(free_port()), "DEITA_EGRESS_ALLOW": "127.0.0.1:1"}
    more = {**settings, **ports, **limits, **egress, "DEITA_SERVER_COMMAND": command, "DEITA_SAMPLES": "0"}
    installation = Deita(tmp_path_factory.mktemp("docker") / "home", **more)
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def me(deita: Deita) -> Iterator[httpx.Client]:
    with deita.client("me") as client:
        for slug in ("cities", "other", "broken"):
            client.post(f"{deita.control}/workspaces", json={"name": slug, "slug": slug}).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def api(deita: Deita, me: httpx.Client) -> str:
    """The data plane of `cities`, which has one table; `ana` is a member, `vic` a viewer."""
    api = deita.open(me, "cities")
    me.put(f"{api}/files/cities.csv", content=CSV).raise_for_status()
    accepted = me.post(f"{api}/imports", json={"file": "cities.csv"}).raise_for_status().json()
    until(lambda: me.get(f"{api}/imports/{accepted['id']}").json()["state"] == "done", 60, "the import")
    for person, role in (("ana", "editor"), ("vic", "viewer")):
        deita.cli("user", "add", person)
        deita.cli("workspace", "add", "cities", person, "--role", role)
    return api


def asked(client: httpx.Client, api: str, sql: str) -> Any:
    return client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 20000}).raise_for_status().json()["rows"]


def container_of(containers: docker.DockerClient, person: str, slug: str) -> Any:
    return next(each for each in containers.containers.list() if each.name.endswith(f"-{person}--{slug}"))


def test_a_file_becomes_answers(me: httpx.Client, api: str) -> None:
    assert asked(me, api, "select sum(people)::integer from cities") == [[590]]
    assert me.get(f"{api}/workspace").json()["isolation"] == "docker"


@pytest.mark.parametrize("path", ["apps/explore", "lab"])
def test_pages_answer(me: httpx.Client, api: str, path: str) -> None:
    page = me.get(f"{api.removesuffix('deita/api/v1')}{path}", follow_redirects=True)
    assert page.status_code == 200


def test_the_container_has_no_rights_and_one_workspace(containers: docker.DockerClient, api: str) -> None:
    found = container_of(containers, "me", "cities").attrs
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] and not host["Privileged"]
    assert host["CapDrop"] == ["ALL"] and host["SecurityOpt"] == ["no-new-privileges:true"]
    assert (host["Memory"], host["PidsLimit"], host["CpuQuota"]) == (2**31, 500, 200_000)
    assert found["Config"]["User"] == f"{USER}:{USER}"
    written = [each["Destination"] for each in found["Mounts"] if each["RW"]]
    folder, own = sorted(written)
    assert own == f"{folder}/people/me"


INSIDE = """
import http.client, json, os, pathlib, socket, urllib.parse
def status(word):
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith(word + ":"))
def reaches(*address):
    with socket.socket() as probe:
        probe.settimeout(3)
        return probe.connect_ex(address)
def writes(path):
    try:
        pathlib.Path(path, "planted").write_text("x")
        return True
    except OSError:
        return False
def way_out(host):
    proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
    connection = http.client.HTTPConnection(proxy.hostname, proxy.port, timeout=30)
    connection.set_tunnel(host, 1)
    try:
        connection.connect()
    except OSError as error:
        return str(error)
workspace = pathlib.Path.cwd().parent
pathlib.Path("out.json").write_text(json.dumps({
    "rights": status("CapEff"), "privileges": status("NoNewPrivs"), "user": os.getuid(),
    "workspaces": len(list(workspace.parent.iterdir())),
    "people": [each.name for each in (workspace / "people").iterdir()],
    "written": [path for path in ("/", "/usr", str(workspace / "people"), str(workspace.parent)) if writes(path)],
    "metadata": reaches("169.254.169.254", 80), "other": reaches(OTHER, 8888), "outside": reaches("1.1.1.1", 443),
    "allowed": way_out("127.0.0.1"), "refused": way_out("127.0.0.2"),
    "secrets": pathlib.Path(HOME, "secrets").exists(),
}))
"""


def test_what_a_notebook_reaches(
    deita: Deita, me: httpx.Client, api: str, containers: docker.DockerClient, tmp_path: Path
) -> None:
    deita.open(me, "other")
    other = container_of(containers, "me", "other").attrs["NetworkSettings"]["Networks"]
    address = next(iter(other.values()))["IPAddress"]
    with deita.client("ana") as ana:
        server = deita.open(ana, "cities").removesuffix("deita/api/v1")
        reply = execute(ana, server, f"OTHER, HOME = {address!r}, {str(deita.home)!r}\n{INSIDE}")
    assert reply["status"] == "ok", reply
    folder = next(each for each in (deita.home / "storage").iterdir() if (each / "notebooks" / "out.json").exists())
    found = json.loads((folder / "notebooks" / "out.json").read_text())
    assert (int(found["rights"], 16), found["privileges"], found["user"]) == (0, "1", USER)
    assert (found["workspaces"], found["people"], found["written"], found["secrets"]) == (1, ["ana"], [], False)
    assert found["metadata"] and found["other"] and found["outside"]
    assert found["allowed"].startswith("Tunnel connection failed: 502")  # the proxy tried; nothing listens there
    assert found["refused"].startswith("Tunnel connection failed: 403")


def test_a_viewer_reads_through_the_dashboard_server(deita: Deita, api: str) -> None:
    with deita.client("vic") as vic:
        dashboards = deita.open(vic, "cities")
        assert "/user/dash-cities/" in dashboards
        assert asked(vic, dashboards, "select city from cities order by 1") == [["Bonn"], ["Kiel"]]


def test_a_server_that_does_not_start_is_said(deita: Deita, me: httpx.Client) -> None:
    me.post(f"{deita.control}/workspaces/broken/start").raise_for_status()

    def failed() -> str | None:
        server = me.get(f"{deita.control}/workspaces/broken").json()["server"]
        return str(server["message"]) if server["state"] == "failed" else None

    assert "ExitCode=3" in until(failed, 60, "the failure")


def test_who_is_removed_loses_the_container(deita: Deita, api: str, containers: docker.DockerClient) -> None:
    with deita.client("ana") as ana:
        deita.open(ana, "cities")
    container_of(containers, "ana", "cities")
    deita.cli("workspace", "remove", "cities", "ana")
    until(lambda: not containers.containers.list(all=True, filters={"name": "-ana--cities"}), 30, "its end")


def test_the_same_container_goes_on_after_a_restart(deita: Deita, api: str, containers: docker.DockerClient) -> None:
    before = container_of(containers, "me", "cities").id
    deita.stop()
    deita.start()
    with deita.client("me") as again:
        assert deita.open(again, "cities") == api
        assert asked(again, api, "select count(*) from cities") == [[2]]
    assert container_of(containers, "me", "cities").id == before


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"DEITA_SERVER_IMAGE": "nowhere:1"}, "has no image nowhere:1"),
        ({"DEITA_SERVER_NETWORK": "nowhere"}, "has no network nowhere: docker network create --internal"),
        ({"DOCKER_HOST": "unix:///nowhere.sock"}, "The Docker Engine does not answer"),
    ],
    ids=["image", "network", "engine"],
)
def test_check_says_what_is_missing(engine: Engine, tmp_path: Path, more: dict[str, str], said: str) -> None:
    asked = Deita(tmp_path / "home", **{**engine.settings(), **more}).cli("check", check=False)
    assert asked.returncode == 1
    assert said in asked.stdout


def test_check_says_what_is_in_force(engine: Engine, tmp_path: Path) -> None:
    told = Deita(tmp_path / "home", **engine.settings()).cli("check").stdout
    assert "docker: each server is a container" in told
    assert "leads to this machine and nowhere else" in told
    assert "memory is not limited" in told
