"""Connections: kept, changed, tested and read by those who work in a workspace; the password comes out nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.models import AuditEntry, Connection
from deita_hub.sandbox import probe
from sqlalchemy import select

from tests.servers.certificates import issued
from tests.servers.foreign import Foreign


@pytest.fixture(scope="module")
def slug(me: httpx.Client) -> str:
    return str(me.post("/workspaces", json={"name": "Foreign"}).json()["slug"])


@pytest.fixture(scope="module")
def base(me: httpx.Client, slug: str, foreign: Foreign) -> str:
    """The address of connections, where there is `crm`."""
    base = f"/workspaces/{slug}/connections"
    made = me.post(base, json={"name": "crm", **foreign.connection})
    assert (made.status_code, made.headers["location"][-4:]) == (201, "/crm"), made.text
    assert "password" not in made.json() and foreign.password not in made.text
    return base


@pytest.fixture
def ana(deita: Any, tokens: dict[str, str]) -> Iterator[httpx.Client]:
    with deita.client(tokens["ana"]) as client:
        yield client


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_it_is_kept_tested_and_looked_through(me: httpx.Client, base: str, foreign: Foreign) -> None:
    assert [item["name"] for item in me.get(base).json()["items"]] == ["crm"]
    tested = me.post(f"{base}/crm/test").json()
    assert (tested["user"], tested["database"], tested["tls"]) == (foreign.user, foreign.database, False)
    tables = {item["name"]: (item["kind"], item["rows"]) for item in me.get(f"{base}/crm/tables").json()["items"]}
    assert tables == {"kinds": ("table", None), "late": ("view", None), "orders": ("table", 5000)}
    shown = me.post(f"{base}/crm/sample", json={"table": "orders", "limit": 2}).json()
    assert [column["name"] for column in shown["columns"]] == ["id", "placed", "amount", "customer"]
    assert shown["rows"][1] == ["2", "2026-01-01 00:02:00+00", "2.50", "customer 2"]
    query = {"query": "SELECT count(*) FROM orders WHERE id > %(n)s", "params": {"n": 10}}
    assert me.post(f"{base}/crm/sample", json=query).json()["rows"] == [["4990"]]


def test_what_cannot_be_is_refused(me: httpx.Client, base: str, foreign: Foreign) -> None:
    leads = foreign.connection
    assert refused(me.post(base, json={"name": "crm", **leads})) == (409, "connection_exists")
    for bad in (
        {"host": "/tmp"},
        {"host": "a,b"},
        {"host": "a b"},
        {"port": 0},
        {"name": "C R M"},
        {"sslmode": "allow"},
    ):
        assert refused(me.post(base, json={"name": "other", **leads, **bad})) == (400, "validation")
    metadata = {"name": "cloud", **leads, "host": "169.254.169.254"}
    assert refused(me.post(base, json=metadata)) == (403, "connection_host_refused")
    assert refused(me.post(f"{base}/crm/sample", json={})) == (400, "bad_request")
    assert refused(me.post(f"{base}/crm/sample", json={"table": "salaries"})) == (422, "connection_denied")
    assert refused(me.post(f"{base}/nowhere/test")) == (404, "connection_not_found")


def test_certificates_are_some_and_are_looked_at(me: httpx.Client, base: str, foreign: Foreign) -> None:
    authority = issued("localhost").authority
    whole = {"name": "managed", **foreign.connection, "host": "localhost"}
    for bad in ({"sslmode": "verify-ca"}, {"ca": authority}, {"ca": "no certificate", "sslmode": "verify-full"}):
        assert refused(me.post(base, json={**whole, **bad})) == (400, "bad_request"), bad
    assert refused(me.post(base, json={**whole, "ca": "x" * 70_000})) == (400, "validation")
    made = me.post(base, json={**whole, "ca": authority, "sslmode": "verify-full"})
    assert (made.status_code, made.json()["ca"]) == (201, authority)
    path = f"{base}/managed"
    assert refused(me.post(f"{path}/test")) == (502, "connection_tls")  # this server does not speak TLS
    assert refused(me.patch(path, json={"ca": issued("localhost").authority})) == (400, "password_needed")
    assert refused(me.patch(path, json={"ca": "", "sslmode": "verify-ca", "password": "x"})) == (400, "bad_request")
    plain = {"ca": "", "sslmode": "prefer", "password": foreign.password}
    assert me.patch(path, json=plain).json()["ca"] == "" and me.post(f"{path}/test").status_code == 200
    assert me.delete(path).status_code == 204


def test_a_password_is_only_sent_where_it_was_meant_for(me: httpx.Client, base: str, foreign: Foreign) -> None:
    for elsewhere in ({"host": "localhost"}, {"port": 1}, {"user": "postgres"}, {"sslmode": "disable"}):
        assert refused(me.patch(f"{base}/crm", json=elsewhere)) == (400, "password_needed")
    assert me.patch(f"{base}/crm", json={"password": "wrong"}).status_code == 200
    assert refused(me.post(f"{base}/crm/test")) == (422, "connection_login_refused")
    right = {"host": "localhost", "password": foreign.password}
    assert me.patch(f"{base}/crm", json=right).json()["host"] == "localhost"
    assert me.post(f"{base}/crm/test").status_code == 200


def test_who_works_in_a_workspace_uses_them_and_nobody_else(
    me: httpx.Client, ana: httpx.Client, base: str, slug: str, foreign: Foreign
) -> None:
    everything = [
        ("GET", base, None), ("POST", base, {"name": "x", **foreign.connection}), ("GET", f"{base}/crm", None),
        ("PATCH", f"{base}/crm", {"password": "x"}), ("DELETE", f"{base}/crm", None),
        ("POST", f"{base}/crm/test", None),
        ("GET", f"{base}/crm/tables", None), ("POST", f"{base}/crm/sample", {"table": "orders"}),
        ("POST", f"{base}/crm/read", {"table": "orders", "format": "arrow", "most": 10**6}),
    ]  # fmt: skip
    for role, expected in ((None, (404, "not_found")), ("viewer", (403, "role_required"))):
        if role:
            me.post(f"/workspaces/{slug}/members", json={"person": "ana", "role": role})
        for method, path, body in everything:
            assert refused(ana.request(method, path, json=body)) == expected, (role, method, path)
    me.patch(f"/workspaces/{slug}/members/ana", json={"role": "editor"})
    assert ana.post(f"{base}/crm/test").status_code == 200
    here = {"name": "hers", **foreign.connection}  # this machine is the local owner's
    assert refused(ana.post(base, json=here)) == (403, "connection_host_refused")
    me.delete(f"/workspaces/{slug}/members/ana")


def test_rows_come_as_frames_and_who_leaves_cancels_them(
    me: httpx.Client, base: str, foreign: Foreign, until: Callable[..., Any]
) -> None:
    wanted = {"table": "orders", "format": "parquet", "most": 10**7}
    body = me.post(f"{base}/crm/read", json=wanted).content
    assert body[:1] == b"H" and b'"rows": 5000' in body[-60:]
    slow = {"query": "SELECT pg_sleep(600)", "format": "arrow", "most": 10**6}
    for _ in range(2):  # a place that was not given back would be missed
        with pytest.raises(httpx.ReadTimeout):
            me.post(f"{base}/crm/read", json=slow, timeout=5)
        until(lambda: not foreign.running(), 60, "it was cancelled")


@pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
def test_a_reader_sees_nothing_of_deita(
    me: httpx.Client, deita: Any, base: str, foreign: Foreign, until: Callable[..., Any]
) -> None:
    slow = {"query": "SELECT pg_sleep(600)", "format": "arrow", "most": 10**6}

    def roots() -> list[Path]:
        """The root folders of the readers, which run below what bubblewrap makes."""
        below = deita.child("deita_hub.service").children(recursive=True)
        readers = [each for each in below if "deita_hub.reading" in each.cmdline() and each.name() != "bwrap"]
        return [Path(f"/proc/{each.pid}/root") for each in readers]

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(me.post, f"{base}/crm/read", json=slow, timeout=120)
        until(foreign.running, 60, "it reads")
        (root,) = roots()
        home = Path(f"{root}{deita.home}")
        assert (root / "usr").is_dir() and list(home.iterdir()) == [home / "storage"]
        assert list((home / "storage").iterdir()) == []
        foreign.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{foreign.user}'")
        assert b"connection_lost" in asked.result().content
    until(lambda: not roots(), 60, "its end")


def test_it_is_in_the_audit_and_the_password_is_nowhere(
    me: httpx.Client, deita: Any, base: str, slug: str, foreign: Foreign
) -> None:
    catalog = Catalog(f"sqlite:///{deita.home / 'catalog.sqlite'}")
    with catalog.read() as session:
        workspace = me.get(f"/workspaces/{slug}").json()["id"]
        found = session.scalars(select(AuditEntry).where(AuditEntry.workspace_id == workspace))
        written = {entry.action: json.dumps(entry.details) for entry in found}
        sealed = session.scalars(select(Connection.secret)).all()
    catalog.close()
    assert {"connection.add", "connection.change", "connection.read"} <= set(written)
    assert sealed and foreign.password not in "".join([*sealed, *written.values()])
    files = [path for path in Path(deita.home).rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if foreign.password.encode() in path.read_bytes()]


def test_the_command_line_keeps_tests_and_forgets_them(deita: Any, slug: str, base: str, foreign: Foreign) -> None:
    import subprocess

    from hub.tests.conftest import BIN

    leads = foreign.connection
    words = [f"--{name}={leads[name]}" for name in ("host", "port", "database", "user")]
    added = subprocess.run(
        [BIN / "deita", "connection", "add", slug, "cli", *words, "--password-stdin", "--json"],
        env=deita.environment, input=leads["password"] + "\n", capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    assert foreign.password not in added.stdout and json.loads(added.stdout)["name"] == "cli"
    assert "not encrypted" in deita.cli("connection", "test", slug, "cli").stdout
    assert "cli" in deita.cli("connection", "list", slug).stdout
    deita.cli("connection", "remove", slug, "cli")
    assert "cli" not in deita.cli("connection", "list", slug).stdout
