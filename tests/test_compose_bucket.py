"""compose.yml with all that comes along: a bucket, a way out and figures. What people do, where it is kept, a backup.

`make test-compose` runs it, with the other one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from bench.running import until
from tests.servers import compose_stack
from tests.servers.compose_stack import API, Stack

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]
BUCKET = {
    "COMPOSE_PROFILES": "seaweedfs,egress,monitoring",
    "DEITA_STORAGE": "s3://deita/workspaces",
    "DEITA_S3_ENDPOINT": "http://seaweedfs:8333",
    "DEITA_EGRESS_ALLOW": "packages.example.org:443",
}


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services, healthy, and the bucket made as docs/deployment.md says."""
    with compose_stack.prepared(request.config.rootpath, tmp_path_factory.mktemp("compose"), **BUCKET) as found:
        found.up("seaweedfs")
        shell = ("exec", "-T", "seaweedfs", "weed", "shell", "-master", "seaweedfs:9333")
        found.compose(*shell, said="s3.bucket.create -name deita\n")
        found.up()
        yield found


def test_what_people_do_is_kept_in_the_bucket_and_comes_back_from_a_backup(stack: Stack) -> None:
    with stack.client() as me:
        me.post(f"{stack.edge.url}{API}/workspaces", json={"name": "Cities", "slug": "cities"}).raise_for_status()
        api = stack.open(me, "cities")
        me.put(f"{api}/files/cities.csv", content=b"city,people\nBonn,340\nKiel,250\n").raise_for_status()
        accepted = me.post(f"{api}/imports", json={"file": "cities.csv"}).raise_for_status().json()
        until(lambda: me.get(f"{api}/imports/{accepted['id']}").json()["state"] == "done", 120, "the import")
        asked = {"sql": "SELECT sum(people) FROM cities", "wait_ms": 30_000}
        assert me.post(f"{api}/queries", json=asked).json()["rows"] == [[590]]
    listed = ("exec", "-T", "seaweedfs", "weed", "shell", "-master", "seaweedfs:9333")
    assert "cities" in stack.compose(*listed, said="fs.du /buckets/deita/workspaces\nfs.tree /buckets/deita\n")
    assert "1 workspaces" in stack.compose("exec", "-T", "backup", "deita", "backup")
    drill = json.loads(stack.compose("exec", "-T", "backup", "deita", "drill", "--json"))
    assert drill["tables"] == 1, drill


def test_servers_have_a_way_out_to_what_is_named_alone(stack: Stack) -> None:
    """What is named does not exist here: the way out looks for it, and says so."""
    code = """
import socket
for wanted in ("packages.example.org:443", "elsewhere.example.org:443", "169.254.169.254:443"):
    with socket.create_connection(("egress", 8083), 30) as line:
        line.sendall(f"CONNECT {wanted} HTTP/1.1\\r\\n\\r\\n".encode())
        print(line.recv(4096).split()[1].decode())
"""
    with stack.client() as me:
        stack.open(me, "cities")
    (server,) = stack.servers()
    assert stack.inside(server, code).split() == ["502", "403", "403"]


def test_prometheus_reads_every_process(stack: Stack) -> None:
    def up() -> set[str]:
        path = "http://127.0.0.1:9090/api/v1/targets?state=active"
        found = stack.service("prometheus").exec_run(["wget", "-q", "-O", "-", path])
        targets = json.loads(found.output)["data"]["activeTargets"] if found.exit_code == 0 else []
        return {each["labels"]["process"] for each in targets if each["health"] == "up"}

    until(lambda: up() >= {"control-plane", "hub", "proxy", "workspace"}, 180, "figures of all processes")


def test_every_service_is_well(stack: Stack) -> None:
    for name in ("seaweedfs", "egress", "backup", "hub", "control-plane", "prometheus"):
        until(lambda name=name: stack.healthy(name), 120, f"health of {name}")
