"""What the code of a person can reach out of their server: every attempt of `tests/escape`, made by a real notebook's
kernel in a real sandbox, and by SQL. Seventeen secrets are planted where an operator's and other people's would lie.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from deita_hub.sandbox import probe, view

from bench.running import Deita, running
from bench.server import server_process
from tests.escape import files, machine, network, processes
from tests.escape.kernel import execute, program
from tests.escape.registry import ATTEMPTS, canaries

pytestmark = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
MARK = "c0ffee15bad0"
SECRETS = ("proxy_token", "cookie_secret", "service_token", "operator_token", "session_secret", "connections_key")
MODULES = (files, processes, machine, network)


def canary() -> str:
    """A secret that is known when it is seen, in the form of Deita's own."""
    return MARK + secrets.token_hex(26)


class Prison:
    """A Deita with two people and two workspaces, full of secrets."""

    def __init__(self, folder: Path, network: str) -> None:
        self.network = network
        self.home, self.operator_home = folder / "home", folder / "operator"
        self.planted: list[str] = []

    def plant(self, path: Path, mode: str = "w") -> str:
        """Put a secret into a file."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open(mode) as file:
            file.write(self.new())
        path.chmod(0o600)
        return self.planted[-1]

    def new(self) -> str:
        """One more secret."""
        self.planted.append(canary())
        return self.planted[-1]

    def plant_before(self) -> dict[str, str]:
        """What lies there when Deita starts; returns the environment that the operator starts it with."""
        (self.home / "secrets").mkdir(mode=0o700, parents=True)
        for name in SECRETS:
            self.plant(self.home / "secrets" / name)
        for name in (".ssh/id_ed25519", ".aws/credentials"):
            self.plant(self.operator_home / name)
        return {
            "HOME": str(self.operator_home),
            "AWS_SECRET_ACCESS_KEY": self.new(),
            "DEITA_SMTP_PASSWORD": self.new(),
            "DEITA_SANDBOX": "bubblewrap",
            "DEITA_SANDBOX_NETWORK": self.network,
        }

    def plant_while_running(self, deita: Deita) -> None:
        """What comes to lie there while Deita runs: rows, lines of logs, other people's data."""
        for name in ("hub", "catalog"):
            with contextlib.closing(sqlite3.connect(self.home / f"{name}.sqlite", timeout=20)) as database, database:
                database.execute("create table planted (secret text)")
                database.execute("insert into planted values (?)", (self.new(),))
        self.plant(self.home / "logs" / "hub.log", "a")
        with deita.client("me") as me:
            me.post(f"{deita.control}/workspaces", json={"name": "Other", "slug": "other"}).raise_for_status()
            me.put(f"{deita.open(me, 'other')}/files/plans.csv", content=f"plan\n{self.new()}\n").raise_for_status()
        self.plant(self.home / "logs" / "servers" / "me--other.log", "a")
        with deita.client("me") as me:
            sql = f"select '{self.new()}' as private, unnest(range(5000)) as many"
            shared = deita.open(me, "shared")
            leads = {"host": "192.0.2.1", "database": "crm", "user": "reader", "password": self.new()}
            kept = me.post(f"{deita.control}/workspaces/shared/connections", json={"name": "crm", **leads})
            kept.raise_for_status()
            me.post(f"{shared}/queries", json={"sql": sql, "wait_ms": 20000}).raise_for_status()
            me.put(f"{shared}/files/shared.csv", content=b"a\n1\n").raise_for_status()


@pytest.fixture(scope="module", params=["shared", "none"], ids=["shared network", "no network"])
def prison(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prison, Deita]]:
    """`me` owns `shared` and `other`; `ana`, the prisoner, is an editor of `shared` and has `anas` of her own."""
    place = Prison(tmp_path_factory.mktemp("prison"), request.param)
    with running(place.home, **place.plant_before()) as deita:
        with deita.client("me") as me:
            me.post(f"{deita.control}/workspaces", json={"name": "Shared", "slug": "shared"}).raise_for_status()
        deita.cli("user", "add", "ana")
        deita.cli("workspace", "add", "shared", "ana")
        place.plant_while_running(deita)
        yield place, deita


@pytest.fixture(scope="module")
def ana(prison: tuple[Prison, Deita]) -> Iterator[httpx.Client]:
    with prison[1].client("ana") as client:
        yield client


@pytest.fixture(scope="module")
def api(prison: tuple[Prison, Deita], ana: httpx.Client) -> str:
    return prison[1].open(ana, "shared")


def storage_of(deita: Deita, slug: str) -> Path:
    with deita.client("me") as me:
        return deita.home / "storage" / me.get(f"{deita.control}/workspaces/{slug}").json()["id"]


def listening(processes: list[psutil.Process]) -> list[int]:
    """The ports that these processes listen on; some may end meanwhile."""
    ports = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            ports += [each.laddr.port for each in process.net_connections("tcp") if each.status == psutil.CONN_LISTEN]
    return ports


@pytest.fixture(scope="module")
def world(prison: tuple[Prison, Deita], api: str) -> dict[str, Any]:
    """What the prisoner knows."""
    place, deita = prison
    assert deita.process is not None
    up = psutil.Process(deita.process.pid)
    parts = {
        name: next(each for each in up.children() if any(word in part for part in each.cmdline()))
        for name, word in {
            "hub": "deita_hub.app",
            "proxy": "configurable-http-proxy",
            "plane": "deita_hub.service",
        }.items()
    }
    variables = parts["hub"].environ()
    theirs = [server_process(deita, "other"), server_process(deita, "shared")]
    return {
        "mark": MARK,
        "network": place.network,
        "doors": str(place.home / "run" / "doors"),
        "home": str(place.home),
        "storage": str(place.home / "storage"),
        "workspace": str(storage_of(deita, "shared")),
        "other_workspace": str(storage_of(deita, "other")),
        "operator_home": str(place.operator_home),
        "programs": [str(program) for program in view.programs()],
        "secrets": SECRETS,
        "person": "ana",
        "other_person": "me",
        "slug": "shared",
        "other_slug": "other",
        "pids": {"deita": up.pid, "deita_hub.app": parts["hub"].pid, "deita_server": theirs[0].pid},
        "ports": listening([up, *up.children(recursive=True)]),
        "public": deita.hub,
        "hub_api": f"http://127.0.0.1:{variables['DEITA_HUB_PORT']}/hub/api",
        "proxy_api_port": int(variables["DEITA_PROXY_API_PORT"]),
        "control_plane": f"http://127.0.0.1:{variables['DEITA_SERVICE_PORT']}/services/deita/api/v1",
        "other_servers": [
            *(each.environ()["JUPYTERHUB_SERVICE_URL"] for each in theirs),
            *(f"{deita.hub}/user/me/{slug}/" for slug in ("other", "shared")),
        ],
    }


@pytest.fixture(scope="module")
def outcomes(world: dict[str, Any], ana: httpx.Client, api: str) -> dict[str, list[str]]:
    """What came of every attempt of the kernel: what it got hold of, what stopped it."""
    answer = Path(world["workspace"], "notebooks", "outcomes.json")
    reply = execute(ana, api.removesuffix("deita/api/v1"), program(world, answer))
    assert reply["status"] == "ok", reply
    return dict(json.loads(answer.read_text()))


@pytest.mark.parametrize("name", ATTEMPTS)
def test_a_notebook_does_not_get_out(outcomes: dict[str, list[str]], name: str) -> None:
    got, _ = outcomes[name]
    assert not got


def test_every_attempt_was_made(outcomes: dict[str, list[str]], prison: tuple[Prison, Deita]) -> None:
    assert set(outcomes) == set(ATTEMPTS)
    broken = ("NameError", "AttributeError", "TypeError", "KeyError", "ImportError", "ValueError", "LookupError")
    assert not {name: stopped for name, (_, stopped) in outcomes.items() if stopped.startswith(broken)}
    assert len(set(prison[0].planted)) == 17


def test_the_same_attempts_succeed_where_nothing_stops_them(world: dict[str, Any]) -> None:
    """The attempts are good ones: outside of the sandbox those on files find what was planted."""
    found = {
        name
        for name in (
            "read_secrets",
            "open_the_hubs_database",
            "read_logs",
            "read_another_workspace",
            "read_another_members_history",
            "read_the_operators_keys",
        )
        if ATTEMPTS[name](world)
    }
    assert len(found) == 6


STATEMENTS = (
    "select * from read_text('{home}/secrets/proxy_token')",
    "select * from read_blob('{home}/secrets/*')",
    "select * from glob('{home}/**')",
    "select * from read_csv('/proc/self/environ')",
    "select * from read_text('{workspace}/people/me/history.sqlite')",
    "select * from sqlite_scan('{home}/hub.sqlite', 'planted')",
    "attach '{home}/catalog.sqlite' as stolen (type sqlite)",
    "copy (select 1) to '{home}/planted.csv'",
    "copy (select 1) to '{workspace}/people/me/spool/planted.csv'",
    "select getenv('AWS_SECRET_ACCESS_KEY')",
    "select * from read_csv('http://127.0.0.1:{proxy_api_port}/api/routes')",
    "select * from read_parquet('{other_workspace}/files/**')",
    "install httpfs",
    "load '{other_workspace}/files/x.duckdb_extension'",
)


@pytest.mark.parametrize("statement", STATEMENTS)
@pytest.mark.parametrize("mode", ["read", "write"])
def test_sql_does_not_get_out(world: dict[str, Any], ana: httpx.Client, api: str, statement: str, mode: str) -> None:
    body = {"sql": statement.format(**world), "mode": mode, "wait_ms": 20000}
    answer = ana.post(f"{api}/queries", json=body)
    assert answer.status_code in (400, 403), answer.text
    assert not canaries({"mark": MARK}, answer.content)


def test_no_secret_is_told_to_the_browser_or_written_into_logs(
    prison: tuple[Prison, Deita], ana: httpx.Client, api: str
) -> None:
    place, deita = prison
    own = place.home / "logs" / "servers" / "ana--shared.log"
    told = [own.read_bytes()]
    connections = f"{deita.control}/workspaces/shared/connections"
    assert ana.get(f"{api}/connections").json()["items"] == ana.get(connections).json()["items"]
    assert ana.get(connections).json()["items"][0]["name"] == "crm"
    urls = ("workspace", "health", "openapi.json", "connections", "connections/crm/tables")
    for url in (*(f"{api}/{each}" for each in urls), f"{deita.control}/workspaces", connections):
        told.append(ana.get(url).content)
    assert not [each for each in told if canaries({"mark": MARK}, each)]


def test_the_sandbox_is_said(prison: tuple[Prison, Deita], ana: httpx.Client, api: str) -> None:
    said = {"shared": "bubblewrap", "none": "bubblewrap-no-network"}
    assert ana.get(f"{api}/workspace").json()["isolation"] == said[prison[0].network]


PLANT = """
import pathlib
workspace = str(pathlib.Path("..").resolve())
text = "import os; open(WORKSPACE + '/caught-' + __name__ + '-' + os.path.basename(os.environ['HOME']), 'w').close()"
for name in NAMES:
    for folder in (workspace, workspace + "/notebooks"):
        pathlib.Path(folder, name + ".py").write_text(text.replace("WORKSPACE", repr(workspace)))
"""
NAMES = (
    "deita_server",
    "deita_engine",
    "deita_kernel",
    "deita",
    "tornado",
    "duckdb",
    "pandas",
    "sitecustomize",
    "xml",
    "beside",
)


def test_a_file_in_the_workspace_does_not_become_another_members_code(
    prison: tuple[Prison, Deita], ana: httpx.Client, api: str
) -> None:
    """`ana` plants modules where the servers, engines and kernels of `me` start."""
    _, deita = prison
    reply = execute(ana, api.removesuffix("deita/api/v1"), f"NAMES = {NAMES!r}\n{PLANT}")
    assert reply["status"] == "ok", reply
    deita.cli("workspace", "stop", "shared", "--as", "ana")
    deita.cli("workspace", "stop", "shared")
    with deita.client("me") as me:
        mine = deita.open(me, "shared")
        assert me.post(f"{mine}/queries", json={"sql": "select 1", "wait_ms": 20000}).json()["state"] == "done"
        server = mine.removesuffix("deita/api/v1")
        assert execute(me, server, "import beside, deita, pandas, xml.dom; deita.workspace()")["status"] == "ok"
        assert execute(me, server, "select 1", kind="deita-sql")["status"] == "ok"
    caught = {each.name for each in storage_of(deita, "shared").glob("caught-*")}
    assert caught == {"caught-beside-me"}, "what has no other meaning is found beside the notebook, and nothing else is"
