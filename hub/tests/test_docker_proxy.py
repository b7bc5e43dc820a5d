"""The proxy before the Docker Engine, asked by the engine's own client; the engine is recorded at the wire."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import uvicorn
from deita_hub import settings
from deita_hub.docker_proxy.app import create_app
from deita_hub.docker_proxy.rules import Policy, RefusedError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .conftest import free_port, wait_until

ID = "01JDEITA0000000000000000AB"


class RecordedEngine:
    """Answers like an engine with one server of ours and one container of somebody else, and remembers the requests."""

    def __init__(self, ours: str) -> None:
        self.names, self.asked = {"a" * 64: ours, "b" * 64: "postgres"}, list[str]()
        self.app = Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "DELETE", "HEAD"])])

    async def answer(self, request: Request) -> Response:
        parts = [each for each in request.url.path.split("/") if each and not each.startswith("v1.")]
        self.asked.append(f"{request.method} /{'/'.join(parts)}?{request.url.query}".rstrip("?"))
        if parts == ["version"]:
            return JSONResponse({"ApiVersion": "1.45", "MinAPIVersion": "1.24"})
        if parts[:2] == ["containers", "create"]:
            return JSONResponse({"Id": "a" * 64, "Warnings": []}, 201)
        if parts[0] == "containers" and parts[-1] == "json":
            found = next((key for key, name in self.names.items() if parts[1] in (key, name, key[:12])), None)
            if found is None:
                return JSONResponse({"message": "No such container"}, 404)
            return JSONResponse({"Id": found, "Name": f"/{self.names[found]}", "Config": {"Tty": False}})
        return JSONResponse({}, 200) if request.method == "GET" else Response(status_code=204)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    given = {
        "DEITA_HOME": str(tmp_path_factory.mktemp("docker") / "home"),
        "DEITA_SPAWNER": "docker",
        "DEITA_SERVER_IMAGE": "deita-workspace:0.1.0",
        "DEITA_SERVER_USER": str(os.geteuid() or 1000),
        "DEITA_SERVER_MEMORY": str(2**31),
        "DEITA_SERVER_PROCESSES": "500",
        "DEITA_SERVER_CPUS": "2",
        "DEITA_SANDBOX_READABLE": "/usr/share/data",
    }
    return Policy.of(settings.load(given))


def served(app: Any, **where: Any) -> Callable[[], None]:
    """Run it in a thread; returns what stops it."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", **where))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    wait_until(lambda: server.started, 60, "the server")

    def stop() -> None:
        server.should_exit = True
        thread.join(60)

    return stop


@pytest.fixture(scope="module")
def engine(policy: Policy) -> RecordedEngine:
    return RecordedEngine(f"{policy.prefix}-me--cities")


@pytest.fixture(scope="module")
def address(policy: Policy, engine: RecordedEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    socket, port = str(tmp_path_factory.mktemp("engine") / "s"), free_port()
    stops = [served(engine.app, uds=socket), served(create_app(policy, socket), host="127.0.0.1", port=port)]
    yield f"127.0.0.1:{port}"
    for stop in reversed(stops):
        stop()


@pytest.fixture(scope="module")
def client(address: str) -> Iterator[docker.APIClient]:
    client = docker.APIClient(f"tcp://{address}", version="auto", timeout=60)
    yield client
    client.close()


def server(client: docker.APIClient, policy: Policy) -> dict[str, Any]:
    """What DockerSpawner asks for with what `spawning/docker.py` tells it."""
    folder = policy.storage / ID
    host = client.create_host_config(
        auto_remove=False,
        binds={},
        links={},
        mounts=[
            docker.types.Mount(target=str(path), source=str(path), type="bind", read_only=only)
            for path, only in ((folder, False), (folder / "people" / "me", False), (Path("/usr/share/data"), True))
        ],
        mem_limit=policy.memory,
        memswap_limit=policy.memory,
        pids_limit=policy.processes,
        cpu_period=100_000,
        cpu_quota=200_000,
        init=True,
        read_only=True,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges:true"],
        tmpfs={"/tmp": "rw,exec,nosuid,nodev,size=1000000000,mode=1777,uid=0,gid=0"},
        ulimits=[{"Name": "core", "Soft": 0, "Hard": 0}],
        network_mode=policy.network,
    )
    config: dict[str, Any] = client.create_container_config(
        image=policy.image,
        command=["python", "-P", "-m", "deita_server"],
        environment={"DEITA_ROLE": "owner"},
        volumes=[],
        ports={"8888/tcp": None},
        user=policy.user,
        working_dir=str(folder),
        hostname="deita",
        labels={"deita.workspace": ID},
        host_config=host,
    )
    return json.loads(json.dumps(config))  # plain dictionaries


def test_a_server_is_made_watched_and_ended(client: docker.APIClient, policy: Policy, engine: RecordedEngine) -> None:
    name = f"{policy.prefix}-me--cities"
    made = client.create_container_from_config(server(client, policy), name)
    client.inspect_image(policy.image)
    client.inspect_network(policy.network)
    client.start(made["Id"])
    assert client.inspect_container(name)["Id"] == made["Id"]
    client.logs(made["Id"], tail=2000)
    client.stop(made["Id"])
    client.remove_container(made["Id"], v=True)
    assert f"POST /containers/{made['Id']}/start" in engine.asked
    assert any(each.startswith(f"DELETE /containers/{made['Id']}?v=") for each in engine.asked)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/containers/json"),
        ("GET", "/containers/postgres/json"),
        ("GET", f"/containers/{'b' * 64}/logs?stdout=1"),
        ("POST", f"/containers/{'b' * 64}/stop"),
        ("DELETE", "/containers/postgres?force=1"),
        ("POST", f"/containers/{'a' * 64}/exec"),
        ("GET", f"/containers/{'a' * 64}/archive?path=/"),
        ("PUT", f"/containers/{'a' * 64}/archive?path=/"),
        ("POST", f"/containers/{'a' * 64}/update"),
        ("POST", f"/containers/{'a' * 64}/attach"),
        ("POST", "/exec/1/start"),
        ("POST", "/build"),
        ("POST", "/images/create?fromImage=x"),
        ("GET", "/images/json"),
        ("GET", "/images/other:1/json"),
        ("POST", "/networks/create"),
        ("POST", "/networks/deita/connect"),
        ("GET", "/networks/host"),
        ("POST", "/volumes/create"),
        ("GET", "/secrets"),
        ("POST", "/swarm/init"),
        ("GET", "/v1.45/containers/..%2F..%2Fcontainers/json"),
        ("POST", "/v1.45/../containers/create"),
        ("POST", "/session"),
    ],
)
def test_other_calls_do_not_reach_the_engine(address: str, engine: RecordedEngine, method: str, path: str) -> None:
    before = len(engine.asked)
    refused = httpx.request(method, f"http://{address}{path}", timeout=60, trust_env=False)
    assert refused.status_code == 403, refused.text
    assert all(each.startswith("GET /containers/") and each.endswith("/json") for each in engine.asked[before:])


HOST: list[tuple[str, Any]] = [
    ("Privileged", True),
    ("Privileged", False),
    ("privileged", True),
    ("PidMode", "host"),
    ("IpcMode", "host"),
    ("UTSMode", "host"),
    ("UsernsMode", "host"),
    ("CgroupnsMode", "host"),
    ("NetworkMode", "host"),
    ("NetworkMode", "container:postgres"),
    ("NetworkMode", None),
    ("CapAdd", ["SYS_ADMIN"]),
    ("CapDrop", []),
    ("capdrop", []),
    ("SecurityOpt", ["seccomp=unconfined", "no-new-privileges:true"]),
    ("SecurityOpt", []),
    ("ReadonlyRootfs", False),
    ("ReadonlyRootfs", 1),
    ("Binds", ["/:/host"]),
    ("VolumesFrom", ["postgres"]),
    ("Devices", [{"PathOnHost": "/dev/sda"}]),
    ("DeviceRequests", [{"Count": -1}]),
    ("DeviceCgroupRules", ["a *:* rwm"]),
    ("MaskedPaths", []),
    ("ReadonlyPaths", []),
    ("Runtime", "other"),
    ("CgroupParent", "/"),
    ("Sysctls", {"kernel.core_pattern": "|/x"}),
    ("PortBindings", {"80/tcp": [{"HostPort": "80"}]}),
    ("ExtraHosts", ["hub:10.0.0.1"]),
    ("Memory", 2**40),
    ("Memory", 0),
    ("MemorySwap", -1),
    ("PidsLimit", -1),
    ("CpuQuota", 400_000),
    ("Ulimits", [{"Name": "core", "Soft": -1, "Hard": -1}]),
    ("Tmpfs", {"/tmp": "rw,suid,dev,size=1000000000"}),
    ("LogConfig", {"Type": "syslog", "Config": {"syslog-address": "tcp://x"}}),
    ("RestartPolicy", {"Name": "always"}),
    ("StorageOpt", {"size": "1T"}),
    ("Mounts", [{"Type": "volume", "Source": "postgres", "Target": "/x", "ReadOnly": True}]),
]


@pytest.mark.parametrize(("key", "value"), HOST, ids=[f"{key}={value}" for key, value in HOST])
def test_a_container_that_may_more_is_refused(client: docker.APIClient, policy: Policy, key: str, value: Any) -> None:
    body = server(client, policy)
    body["HostConfig"][key] = value
    with pytest.raises(docker.errors.APIError) as refused:
        client.create_container_from_config(body, f"{policy.prefix}-me--cities")
    assert refused.value.status_code == 403 and key in str(refused.value)


@pytest.mark.parametrize(
    "source",
    [
        *("/", "/etc", "/var/run/docker.sock", "/usr/share/data", "{storage}", "{storage}/", "{storage}/{id}/.."),
        *("{storage}/{id}/people", "{storage}/{id}/people/..", "{storage}/{id}/../../secrets", "{storage}/{id}/files"),
        "{storage}-other/{id}",
    ],
)
def test_only_a_workspaces_folder_can_be_bound(client: docker.APIClient, policy: Policy, source: str) -> None:
    body = server(client, policy)
    path = source.format(storage=policy.storage, id=ID)
    body["HostConfig"]["Mounts"] = [{"Type": "bind", "Source": path, "Target": "/x", "ReadOnly": False}]
    with pytest.raises(RefusedError, match="Mounts"):
        policy.check(f"{policy.prefix}-me--cities", body)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Image", "debian:latest"),
        ("User", "0:0"),
        ("User", ""),
        ("Entrypoint", ["sh"]),
        ("Volumes", {"/x": {}}),
        ("NetworkingConfig", {"EndpointsConfig": {"bridge": {}}}),
        ("Healthcheck", {"Test": ["CMD", "true"]}),
        ("Image", None),
        ("Labels", {"com.docker.compose.project": "deita"}),
        ("OnBuild", []),
        ("image", "debian:latest"),
        ("hostconfig", {"Privileged": True}),
    ],
)
def test_another_image_user_or_network_is_refused(
    client: docker.APIClient, policy: Policy, key: str, value: Any
) -> None:
    body = copy.deepcopy(server(client, policy)) | {key: value}
    with pytest.raises(RefusedError, match=key):
        policy.check(f"{policy.prefix}-me--cities", body)


def test_names_and_what_a_server_has_are_demanded(client: docker.APIClient, policy: Policy) -> None:
    body = server(client, policy)
    for name in (
        "",
        "postgres",
        f"{policy.prefix}-me",
        "deita-00000000-me--cities",
        f"{policy.prefix}-me--cities/../x",
    ):
        with pytest.raises(RefusedError, match="name"):
            policy.check(name, body)
    for key in policy.needed:
        less = copy.deepcopy(body)
        del less["HostConfig"][key]
        with pytest.raises(RefusedError, match=key):
            policy.check(f"{policy.prefix}-me--cities", less)
    with pytest.raises(RefusedError):
        policy.check(f"{policy.prefix}-me--cities", [])


def test_a_large_or_broken_body_is_refused(address: str, policy: Policy) -> None:
    url = f"http://{address}/containers/create?name={policy.prefix}-me--cities"
    for body in (b"{", b" " * 1_100_000, b"null"):
        assert httpx.post(url, content=body, timeout=60, trust_env=False).status_code == 403
