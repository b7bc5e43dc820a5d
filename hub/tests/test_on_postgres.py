"""A whole Deita on PostgreSQL: its tables lie in schemas of one database, and a restart of it is healed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.servers.foreign import Foreign
from tests.servers.postgres import PostgresServer, running_postgres

from .conftest import Deita, wait_until

SCHEMAS = "SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname LIKE 'deita%' ORDER BY 1"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """A server of this module's own: it is restarted."""
    with running_postgres() as found:
        yield found


@pytest.fixture(scope="module")
def url(server: PostgresServer) -> str:
    return server.database()


@pytest.fixture(scope="module")
def deita(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[Deita]:
    folder = tmp_path_factory.mktemp("postgres")
    file = folder / "database-url"
    file.write_text(url)
    file.chmod(0o600)
    installation = Deita(folder / "home", DEITA_DATABASE_URL_FILE=str(file), DEITA_SAMPLES="0")
    installation.start()
    yield installation
    assert installation.stop() == 0


def test_hub_and_catalog_have_a_schema_each_and_no_file(deita: Deita, url: str) -> None:
    with psycopg.connect(url) as connection:
        assert connection.execute(SCHEMAS).fetchall() == [("deita",), ("deita_hub",)]
    assert not list(deita.home.glob("*.sqlite"))


def test_the_password_is_in_no_environment_no_command_line_and_no_log(deita: Deita, url: str) -> None:
    password = url.split(":")[2].split("@")[0]
    assert deita.processes()
    for process in deita.processes():
        assert password not in str(process.environ()) + str(process.cmdline())
    for log in deita.home.glob("logs/**/*.log"):
        assert password not in log.read_text(errors="replace")


def test_check_names_the_database(deita: Deita) -> None:
    assert "database   PostgreSQL" in deita.cli("check", check=False).stdout


def test_after_an_immediate_restart_people_and_workspaces_are_there(deita: Deita, server: PostgresServer) -> None:
    with deita.client(deita.token("me")) as me, deita.client(deita.token("me")) as unseen:
        assert me.post("/workspaces", json={"name": "Before"}).status_code == 201
        server.stop("immediate")
        refused = unseen.get("/workspaces")
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), "nobody is told to sign in"
        assert ready_to_work(deita) == (503, ["database"])
        server.start()
        wait_until(lambda: ready_to_work(deita)[0] == 200, 30, "the hub is ready")
        slugs = wait_until(lambda: me.get("/workspaces").status_code == 200 and me.get("/workspaces").json(), 60)
        assert "before" in [each["slug"] for each in slugs["items"]]
        assert me.post("/workspaces", json={"name": "After"}).status_code == 201
        assert me.post("/workspaces/after/start").status_code == 202
        wait_until(lambda: me.get("/workspaces/after").json()["server"]["state"] == "ready", 60, "the server")


def ready_to_work(deita: Deita) -> tuple[int, list[str]]:
    """What the hub says of itself: the status, and what fails."""
    answer = httpx.get(f"{deita.url}/hub/readyz", trust_env=False, timeout=30)
    return answer.status_code, answer.json().get("details", {}).get("failing", [])


def test_a_workspace_keeps_its_rows_and_its_tables_in_schemas_of_its_own(deita: Deita, url: str) -> None:
    with deita.client(deita.token("me")) as me:
        assert me.post("/workspaces", json={"name": "Kept"}).status_code == 201
        assert me.post("/workspaces/kept/start").status_code == 202
        workspace = wait_until(lambda: ready(me, "kept"), 60, "the server")
        api = workspace["server"]["api"]
        assert me.put(f"{api}/files/a.csv", content=b"n\n1\n2\n").status_code == 201
        imported = me.post(f"{api}/imports", json={"file": "a.csv"}).json()
        wait_until(lambda: me.get(f"{api}/imports/{imported['id']}").json()["state"] == "done", 60, "the import")
        assert me.post(f"{api}/queries", json={"sql": "SELECT sum(n) FROM a", "wait_ms": 30_000}).json()["rows"] == [
            [3]
        ]
        schemas = {f"workspace_{workspace['id']}": "files", f"lake_{workspace['id']}": "ducklake_data_file"}
        with psycopg.connect(url) as connection:
            for schema, table in schemas.items():
                assert connection.execute(f"SELECT count(*) FROM {schema}.{table}").fetchall() == [(1,)]
        assert not list(deita.home.glob(f"storage/{workspace['id']}/*.sqlite"))


def test_a_database_outside_is_read_and_deitas_own_is_not(deita: Deita, url: str, foreign: Foreign) -> None:
    with deita.client(deita.token("me")) as me:
        assert me.post("/workspaces", json={"name": "Outside"}).status_code == 201
        own = urlsplit(url)
        leads = {"host": "localhost", "port": own.port, "database": "deita", "user": own.username, "password": "x"}
        refused = me.post("/workspaces/outside/connections", json={"name": "own", **leads})
        assert (refused.status_code, refused.json()["code"]) == (403, "connection_host_refused")
        kept = me.post("/workspaces/outside/connections", json={"name": "crm", **foreign.connection})
        assert kept.status_code == 201
        with psycopg.connect(url) as connection:
            secret = connection.execute("SELECT secret FROM deita.connections").fetchall()[0][0]
        assert secret and foreign.password not in secret
        assert me.post("/workspaces/outside/start").status_code == 202
        api = wait_until(lambda: ready(me, "outside"), 60, "the server")["server"]["api"]
        body = {"source": {"connection": "crm", "table": "late"}}
        path = f"{api}/imports/{me.post(f'{api}/imports', json=body).json()['id']}"
        ended = wait_until(
            lambda: (found := me.get(path).json())["state"] in ("done", "failed") and found, 60, "its end"
        )
        assert (ended["rows"], ended["error"]) == (1000, None)


def ready(me: httpx.Client, slug: str) -> dict[str, Any] | None:
    workspace: dict[str, Any] = me.get(f"/workspaces/{slug}").json()
    return workspace if workspace["server"]["state"] == "ready" else None
