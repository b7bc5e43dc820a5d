"""compose.yml on a real engine: the whole stack, what people do through its edge, what its parts may, and faults.

`make test-compose` runs it: it needs root, runc, iptables and mmdebstrap. Base images, PostgreSQL, Caddy and SeaweedFS
are stand-ins made of Debian's and PyPI's packages (tests/servers/stand_in_*.py): our files are tested, not
what a registry would have sent.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from bench.running import until
from tests.servers import compose_stack
from tests.servers.compose_stack import API, PROJECT, Stack

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]
CSV = b"city,people\nBonn,340\nKiel,250\n"
SERVICES = ("edge", "proxy", "hub", "control-plane", "docker-proxy", "postgres", "backup")
LIMITS = {"memory": "memory/memory.limit_in_bytes", "pids": "pids/pids.max"}


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services, healthy."""
    with compose_stack.prepared(request.config.rootpath, tmp_path_factory.mktemp("compose")) as found:
        found.up()
        yield found


@pytest.fixture(scope="module")
def me(stack: Stack) -> Iterator[httpx.Client]:
    with stack.client() as client:
        client.post(f"{stack.edge.url}{API}/workspaces", json={"name": "Cities", "slug": "cities"}).raise_for_status()
        yield client


@pytest.fixture(scope="module")
def api(stack: Stack, me: httpx.Client) -> str:
    """The data plane of a workspace with one table, which was uploaded and imported."""
    api = stack.open(me, "cities")
    me.put(f"{api}/files/cities.csv", content=CSV).raise_for_status()
    accepted = me.post(f"{api}/imports", json={"file": "cities.csv"}).raise_for_status().json()
    until(lambda: me.get(f"{api}/imports/{accepted['id']}").json()["state"] == "done", 120, "the import")
    return api


def people(client: httpx.Client, api: str) -> Any:
    asked = client.post(f"{api}/queries", json={"sql": "select sum(people)::integer from cities", "wait_ms": 20000})
    return asked.raise_for_status().json()["rows"]


def test_a_link_of_the_console_signs_in(stack: Stack) -> None:
    with stack.edge.client() as browser:
        page = browser.get(stack.link(), follow_redirects=True)
        assert page.status_code == 200 and page.url.path == "/services/deita/"
        assert page.headers["strict-transport-security"]


def test_a_file_becomes_answers_and_apps_open(stack: Stack, me: httpx.Client, api: str) -> None:
    assert api.startswith(stack.edge.of("me"))
    assert people(me, api) == [[590]]
    workspace = me.get(f"{api}/workspace").json()
    assert workspace["isolation"] == "docker"
    for page in ("apps/explore", "lab"):
        assert me.get(f"{api.removesuffix('deita/api/v1')}{page}", follow_redirects=True).status_code == 200


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_rights_or_a_writable_root(stack: Stack, name: str) -> None:
    found = stack.service(name)
    status = found.exec_run(["cat", "/proc/1/status"]).output.decode()
    said = dict(line.split(":", 1) for line in status.splitlines())
    assert int(said["CapEff"], 16) == 0 and said["NoNewPrivs"].strip() == "1"
    assert "0" not in said["Uid"].split()
    assert found.exec_run(["sh", "-c", "echo x > /planted"]).exit_code != 0
    host = found.attrs["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and not host["Privileged"]
    assert host["Memory"] and host["NanoCpus"] and host["PidsLimit"] and host["MemoryReservation"]
    for kind, file in LIMITS.items():
        real = found.exec_run(["cat", f"/sys/fs/cgroup/{file}"])
        if real.exit_code == 0:  # cgroup v1; with v2 the engine's own word above has to do
            assert int(real.output) == (host["Memory"] if kind == "memory" else host["PidsLimit"])


def reaches(stack: Stack, container: Any, host: str, port: int) -> bool:
    tried = container.exec_run(["python", "-c", f"import socket; socket.create_connection(({host!r}, {port}), 5)"])
    return bool(tried.exit_code == 0)


def test_servers_reach_what_they_need_and_nothing_else(stack: Stack, me: httpx.Client, api: str) -> None:
    server = next(each for each in stack.servers() if each.name.endswith("-me--cities"))
    host = server.attrs["HostConfig"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["NetworkMode"] == f"{PROJECT}-servers"
    assert (host["Memory"], host["PidsLimit"]) == (2**31, 500)
    for needed, port in (("hub", 8081), ("control-plane", 8082), ("postgres", 5432)):
        assert reaches(stack, server, needed, port), needed
    for other, port in (("docker-proxy", 2375), ("edge", 443), ("1.1.1.1", 443), ("169.254.169.254", 80)):
        assert not reaches(stack, server, other, port), other
    for hidden in (stack.folder / "secrets", stack.folder / "data" / "home" / "secrets", Path("/run/secrets")):
        assert server.exec_run(["ls", str(hidden)]).exit_code != 0


def test_parts_reach_only_their_neighbours(stack: Stack) -> None:
    assert reaches(stack, stack.service("hub"), "docker-proxy", 2375)
    assert not reaches(stack, stack.service("control-plane"), "docker-proxy", 2375)
    assert not reaches(stack, stack.service("docker-proxy"), "postgres", 5432)
    assert not reaches(stack, stack.service("docker-proxy"), "1.1.1.1", 443)


def test_the_hub_cannot_make_another_container(stack: Stack, api: str) -> None:
    code = """
import docker
client = docker.from_env()
for options in ({"privileged": True}, {"volumes": {"/": {"bind": "/host"}}}, {"pid_mode": "host"}, {}):
    try:
        client.containers.create(IMAGE, ["true"], name=NAME, **options)
        print("made")
    except docker.errors.APIError as error:
        print(error.status_code)
try:
    client.containers.list()
    print("listed")
except docker.errors.APIError as error:
    print(error.status_code)
"""
    server = next(each for each in stack.servers() if each.name.endswith("-me--cities"))
    image, name = server.attrs["Config"]["Image"], server.name.replace("-me--", "-x--")
    said = stack.inside(stack.service("hub"), f"IMAGE, NAME = {image!r}, {name!r}\n{code}")
    assert said.split() == ["403"] * 5


@pytest.mark.parametrize("name", SERVICES)
def test_what_crashed_comes_back_and_people_go_on(stack: Stack, me: httpx.Client, api: str, name: str) -> None:
    started = stack.service(name).attrs["State"]["StartedAt"]
    stack.crash(name)
    until(lambda: stack.service(name).attrs["State"]["StartedAt"] != started, 120, f"a new {name}")
    until(lambda: stack.healthy(name), 240, f"health of {name}")
    until(stack.answers, 240, "all parts")

    def same() -> bool:
        try:
            return bool(people(me, stack.open(me, "cities")) == [[590]])
        except (httpx.HTTPError, TimeoutError):
            return False  # routes and pools find what is new within seconds

    until(same, 300, "the same answer")


def test_everything_is_there_after_an_end_and_a_new_start(stack: Stack, api: str) -> None:
    stack.down()
    stack.up()
    with stack.client() as again:
        assert people(again, stack.open(again, "cities")) == [[590]]


def test_a_backup_brings_everything_back_that_was_lost(stack: Stack, api: str) -> None:
    """PostgreSQL's volume and all that Deita keeps are gone; the secrets of setup.sh and the repository are left."""
    stack.compose("exec", "-T", "backup", "deita", "backup")
    assert "can be read" in stack.compose("exec", "-T", "backup", "deita", "verify")
    drill = json.loads(stack.compose("exec", "-T", "backup", "deita", "drill", "--json"))
    assert drill["rto_seconds"] > 0, drill
    stack.down("--volumes")
    shutil.rmtree(stack.folder / "data" / "home")
    stack.setup()
    stack.up("postgres")
    assert "workspaces are back" in stack.compose("run", "--rm", "--no-deps", "-T", "backup", "restore")
    stack.up()
    with stack.client() as again:
        back = stack.open(again, "cities")
        assert people(again, back) == [[590]]
        assert again.get(f"{back}/files/cities.csv").content == CSV
