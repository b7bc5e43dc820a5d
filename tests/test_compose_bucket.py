"""compose.yml with all that comes along: a bucket, a way out, figures, certificates of an authority that speaks ACME.

What people do, where it is kept, a backup. `make test-compose` runs it, with the other ones.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bench.running import until
from tests.servers import compose_stack
from tests.servers.compose_stack import API, DOMAIN, Stack
from tests.servers.edge import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]
BUCKET = {
    "COMPOSE_PROFILES": "seaweedfs,egress,monitoring",
    "DEITA_STORAGE": "s3://deita/workspaces",
    "DEITA_S3_ENDPOINT": "http://seaweedfs:8333",
    "DEITA_EGRESS_ALLOW": "packages.example.org:443",
}
AUTHORITY = "authority.example.org"
ACME = {"DEITA_TLS": "acme", "DEITA_ACME_URL": f"https://{AUTHORITY}/acme/local/directory"}
NAMES = (DOMAIN, f"me.{DOMAIN}")
"""The authority asks the edge by these names whether it is there."""
CADDYFILE = f"""{{
	admin off
	skip_install_trust
}}
https://{AUTHORITY} {{
	tls internal
	acme_server
}}
"""
SERVICES = """
services:
  authority:
    image: {image}
    user: "1000:1000"
    cap_drop: [ALL]
    cap_add: [NET_BIND_SERVICE]
    command: [caddy, run, --config, /etc/caddy/Caddyfile, --adapter, caddyfile]
    environment: {{XDG_DATA_HOME: /data, XDG_CONFIG_HOME: /tmp}}
    volumes: ["{folder}:/data", "{folder}/Caddyfile:/etc/caddy/Caddyfile:ro"]
    networks: {{public: {{aliases: [{authority}]}}}}
    healthcheck: {{test: [CMD, test, -s, "/data/{root}"], interval: 1s, retries: 60}}
  edge:
    environment: {{SSL_CERT_FILE: "/authority/{root}"}}
    volumes: ["{folder}:/authority:ro"]
    networks: {{public: {{aliases: [{names}]}}}}
    depends_on: {{authority: {{condition: service_healthy}}}}
"""


def with_authority(stack: Stack, folder: Path) -> None:
    """Have the edge take its certificates from another Caddy, and the clients believe that one alone."""
    folder.mkdir()
    (folder / "Caddyfile").write_text(CADDYFILE)
    os.chown(folder, 1000, 1000)
    stack.edge = replace(stack.edge, data=folder)
    (image,) = re.findall(r"image: (caddy:\S+)", (ROOT / "compose.yml").read_text())
    root = stack.edge.authority.relative_to(folder)
    more = folder.with_suffix(".yml")
    more.write_text(SERVICES.format(image=image, folder=folder, authority=AUTHORITY, root=root, names=", ".join(NAMES)))
    stack.files.append(more)


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services, healthy, and the bucket made as docs/deployment.md says."""
    folder = tmp_path_factory.mktemp("compose")
    with compose_stack.prepared(request.config.rootpath, folder, **BUCKET, **ACME) as found:
        with_authority(found, folder / "authority")
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


def test_certificates_come_from_the_authority_for_names_of_this_deita(stack: Stack) -> None:
    for origin in (stack.edge.url, stack.edge.of("me")):
        with stack.edge.client() as client:  # each with a connection of its own
            assert client.get(f"{origin}/hub/login").status_code < 400
    with stack.edge.client() as client, pytest.raises(httpx.ConnectError):
        client.get(stack.edge.of("nobody"))
    issued = stack.folder / "data" / "edge" / "caddy" / "certificates" / f"{AUTHORITY}-acme-local-directory"
    assert {path.name for path in issued.iterdir()} == set(NAMES)


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
