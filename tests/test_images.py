"""Deita's images, built by a real engine: what is in them, and that they run with no network, rights or writable root.

`make test-images` runs it. The base images are stand-ins (`tests/servers/stand_in_images.py`). Building takes fifteen
minutes the first time, then the engine has most of it.
"""

from __future__ import annotations

import contextlib
import json
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import docker
import pytest

from bench.running import Deita, free_port, until
from tests.escape.kernel import execute
from tests.servers import deita_images
from tests.servers.docker_engine import USER, Engine, running_engine
from tests.servers.stand_in_images import NODE, PYTHON

pytestmark = [pytest.mark.docker, pytest.mark.timeout(3600)]
MB = 1_000_000
MOST_MB = {"proxy": 30, "hub": 300, "workspace": 900, "backup": 1350}
"""What an image may add to its base, unpacked."""
TOOLS = {
    "gcc",
    "cc",
    "c++",
    "g++",
    "cpp",
    "clang",
    "tcc",
    "as",
    "ld",
    "make",
    "rustc",
    "cargo",
    "go",
    "uv",
    "git",
    "curl",
}
OTHER_SIDE = {
    "hub": {"duckdb", "ipykernel", "jupyterlab", "jupyter_server", "deita_server", "deita_engine", "pytest"},
    "workspace": {"deita_hub", "fastapi", "uvicorn", "dockerspawner", "docker", "pytest"},
    "proxy": {"deita_hub", "deita_server"},
    "backup": {"pytest"},
}
PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")
SECRET_NAME = re.compile(r"(?i)(password|secret|token|api_?key)=.")
HARDENED: dict[str, Any] = {
    "network_mode": "none",
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "tmpfs": {"/tmp": "mode=1777"},
}
CSV = b"city,people\nBonn,340\nKiel,250\n"


@dataclass
class Content:
    """What was seen in an image's files."""

    programs: set[str] = field(default_factory=set)
    packages: set[str] = field(default_factory=set)
    setuid: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    written_by_all: list[str] = field(default_factory=list)
    paths: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    with running_engine(request.config.rootpath / ".venv" / "docker-engine") as started:
        for name in deita_images.NAMES:
            deita_images.build(started, name)
        yield started


@pytest.fixture(scope="module")
def client(engine: Engine) -> Iterator[docker.DockerClient]:
    with contextlib.closing(engine.client()) as client:
        yield client


def content(client: docker.DockerClient, name: str) -> Content:
    seen = Content()
    with deita_images.files(client, name) as members:
        for member, read in members:
            path = PurePosixPath(member.name)
            seen.paths.add(member.name)
            if "bin" in path.parts[-2:-1] and (member.isfile() or member.issym()):
                seen.programs.add(path.name)
            if "site-packages" in path.parts[-2:-1] and path.suffix != ".dist-info":
                seen.packages.add(path.name)
            if member.mode & (stat.S_ISUID | stat.S_ISGID) and member.isfile():
                seen.setuid.append(member.name)
            if (member.isfile() or member.isdir()) and member.mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH:
                seen.written_by_all.append(member.name)
            if member.isfile() and member.size < 2**20 and PRIVATE_KEY.search(read()):
                seen.keys.append(member.name)
    return seen


@pytest.mark.parametrize("name", deita_images.NAMES)
def test_an_image_holds_what_it_needs_and_nothing_else(client: docker.DockerClient, name: str) -> None:
    found = client.images.get(deita_images.tag(name)).attrs
    base = client.images.get(NODE if name == "proxy" else PYTHON).attrs
    added = (found["Size"] - base["Size"]) / MB
    print(f"{name}: {found['Size'] / MB:.0f} MB, of which its base has {base['Size'] / MB:.0f} MB")
    assert added < MOST_MB[name]
    assert found["Config"]["User"] == f"{USER}:{USER}"
    assert not [each for each in found["Config"]["Env"] if SECRET_NAME.search(each)]
    assert found["Config"]["Labels"]["org.opencontainers.image.title"] == f"deita-{name}"
    history = client.images.get(deita_images.tag(name)).history()
    assert not [each["CreatedBy"] for each in history if SECRET_NAME.search(each["CreatedBy"])]
    seen = content(client, name)
    assert seen.programs & TOOLS == set()
    assert seen.packages & OTHER_SIDE[name] == set()
    assert (seen.setuid, seen.keys, seen.written_by_all) == ([], [], [])
    ours = [path for path in seen.paths if path.startswith(("opt/", "home/", "var/lib/deita/"))]
    assert not [path for path in ours if re.search(r"/\.(git|env|cache|npm|venv|npmrc|lock)(/|$)|/pip\.conf$", path)]
    assert not [
        path for path in seen.paths if path.startswith(("source/", "wheels/", "opt/build/", "root/.cache", "root/.npm"))
    ]


IMPORTS = """
import importlib, importlib.util, pkgutil, sys
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    for module in pkgutil.walk_packages(package.__path__, name + "."):
        if not module.name.rsplit(".")[-1] in ("__main__", "env") and not module.name.startswith(ELSEWHERE):
            importlib.import_module(module.name)
print("imported")
"""
SPAWNERS = ("deita_hub.spawning.kubernetes", "deita_hub.spawning.systemd")  # what they need is not in the image
IN_HUB = IMPORTS.replace("ELSEWHERE", str(("deita_hub.jupyterhub_config", "deita_hub.catalog.migrations", *SPAWNERS)))
IN_WORKSPACE = (
    IMPORTS.replace("ELSEWHERE", '("deita_server.database.migrations",)')
    + """
import json, pathlib, subprocess
import duckdb, matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.plot([1, 2]); plt.title("Größe"); plt.savefig("/tmp/chart.png")
from deita_engine import settings
connection = duckdb.connect()
for name in ("sqlite_scanner", "postgres_scanner", "httpfs", "ducklake"):
    settings.load_extension(connection, name)
lab = subprocess.run(["jupyter", "labextension", "list"], capture_output=True, text=True)
assert "@deita/lab" in lab.stderr + lab.stdout, lab
assert pathlib.Path(importlib.util.cache_from_source(json.__file__)).exists()
"""
)
IN_BACKUP = "\n".join(
    f"{each} >/dev/null" for each in ("restic version", "rclone version", "pg_dump -V", "psql -V", "deita --help")
)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("hub", ["python", "-c", IN_HUB, "deita_hub"]),
        (
            "workspace",
            ["python", "-c", IN_WORKSPACE, "deita_engine", "deita_server", "deita", "deita_kernel", "deita_apps"],
        ),
        ("backup", ["python", "-c", IN_HUB, "deita_hub", "deita_server"]),
        ("backup", ["sh", "-euc", f'{IN_BACKUP}\nnode --check "$DEITA_PROXY"\ntest "$(id -u)" = 1000\necho ran']),
    ],
    ids=["hub", "workspace", "backup", "backup-programs"],
)
def test_an_image_runs_with_no_network_and_no_rights(
    client: docker.DockerClient, name: str, command: list[str]
) -> None:
    entry, *words = command
    environment = {"HOME": "/tmp", "MPLCONFIGDIR": "/tmp"}
    said = client.containers.run(
        deita_images.tag(name), words, entrypoint=[entry], environment=environment, remove=True, stderr=True, **HARDENED
    )
    assert said.split()[-1] in (b"imported", b"ran"), said.decode()


def healthy(container: Any) -> bool:
    container.reload()
    assert container.status in ("created", "running"), container.logs().decode()[-4000:]
    return bool(container.attrs["State"]["Health"]["Status"] == "healthy")


def test_proxy_hub_and_control_plane_are_well(client: docker.DockerClient) -> None:
    token = "0123456789abcdef" * 4
    home = client.volumes.create()
    started = []
    try:
        entry = ["--ip", "127.0.0.1", "--api-ip", "127.0.0.1", "--default-target", "http://127.0.0.1:8081"]
        proxy = client.containers.run(
            deita_images.tag("proxy"), entry, environment={"CONFIGPROXY_AUTH_TOKEN": token}, detach=True, **HARDENED
        )
        started.append(proxy)
        beside = {**HARDENED, "network_mode": f"container:{proxy.id}", "volumes": [f"{home.name}:/var/lib/deita"]}
        for program, url in (("hub", ""), ("control-plane", "http://127.0.0.1:8082/services/deita/api/v1/health")):
            environment = {"DEITA_PROXY_TOKEN": token, "DEITA_SAMPLES": "0"} | (
                {"DEITA_HEALTH_URL": url} if url else {}
            )
            started.append(
                client.containers.run(
                    deita_images.tag("hub"), ["run", program], environment=environment, detach=True, **beside
                )
            )
            until(lambda: healthy(started[-1]), 180, f"the health of {program}")
        until(lambda: healthy(proxy), 120, "the health of the proxy")
        ask = (
            "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/services/deita/api/v1/health').status)"
        )
        assert started[1].exec_run(["python", "-c", ask]).output.split()[-1] == b"200"
        assert started[2].exec_run(["deita", "token", "me"]).exit_code == 0
        started[1].stop(timeout=60)
        assert started[1].wait()["StatusCode"] == 0
    finally:
        for container in reversed(started):
            container.remove(force=True)
        home.remove(force=True)


CHART = """
import deita, pathlib
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
frame = deita.workspace().sql("select * from cities order by people").df()
plt.bar(frame.city, frame.people)
plt.savefig("people.png")
assert list(frame.city) == ["Kiel", "Bonn"], frame
"""


def test_a_server_of_a_workspace_answers(engine: Engine, client: docker.DockerClient, tmp_path: Path) -> None:
    settings = {**engine.settings(), "DEITA_SERVER_IMAGE": deita_images.tag("workspace"), "DEITA_SAMPLES": "0"}
    own = {"DEITA_SERVER_COMMAND": "", "DEITA_SANDBOX_READABLE": ""}
    ports = {"DEITA_HUB_PORT": str(free_port()), "DEITA_SERVICE_PORT": str(free_port())}
    deita = Deita(tmp_path / "home", **{**settings, **own, **ports})
    deita.start()
    try:
        with deita.client("me") as me:
            me.post(f"{deita.control}/workspaces", json={"name": "Cities", "slug": "cities"}).raise_for_status()
            api = deita.open(me, "cities", 120)
            me.put(f"{api}/files/cities.csv", content=CSV).raise_for_status()
            accepted = me.post(f"{api}/imports", json={"file": "cities.csv"}).raise_for_status().json()
            until(lambda: me.get(f"{api}/imports/{accepted['id']}").json()["state"] == "done", 120, "the import")
            asked = {"sql": "select sum(people)::integer from cities", "wait_ms": 60000}
            assert me.post(f"{api}/queries", json=asked).raise_for_status().json()["rows"] == [[590]]
            server = api.removesuffix("deita/api/v1")
            for path in ("apps/explore", "lab", "lab/extensions/@deita/lab/package.json"):
                assert me.get(f"{server}{path}", follow_redirects=True).status_code == 200, path
            for kind, code in (("python3", CHART), ("deita-sql", "select city from cities")):
                reply = execute(me, server, code, kind)
                assert reply["status"] == "ok", json.dumps(reply)
            container = client.containers.list(filters={"ancestor": deita_images.tag("workspace")})[0]
            until(lambda: healthy(container), 240, "the server's health")
    finally:
        deita.stop()
