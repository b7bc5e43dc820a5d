"""Viewers of a workspace on PostgreSQL and in a bucket: their server has a login and keys that read, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import sqlalchemy as sa
from deita_server.database.migrations import HEAD, downgrade

from bench.running import Deita, until
from tests.conftest import load

OLDER = "0006"


@pytest.fixture(scope="module")
def me(in_bucket: Deita) -> Iterator[httpx.Client]:
    with in_bucket.client() as client:
        yield client


@pytest.fixture(scope="module")
def vic(in_bucket: Deita, me: httpx.Client) -> Iterator[httpx.Client]:
    """A viewer of the workspace `museum`, which nobody has opened yet."""
    me.post(f"{in_bucket.control}/workspaces", json={"name": "Museum", "slug": "museum"}).raise_for_status()
    in_bucket.cli("user", "add", "vic")
    in_bucket.cli("workspace", "add", "museum", "vic", "--role", "viewer")
    with in_bucket.client("vic") as client:
        yield client


@pytest.fixture(scope="module")
def looked(in_bucket: Deita, vic: httpx.Client) -> str:
    """The data plane as the viewer has it."""
    return in_bucket.open(vic, "museum")


@pytest.fixture(scope="module")
def worked(in_bucket: Deita, me: httpx.Client, looked: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The owner's own server, with a table."""
    api = in_bucket.open(me, "museum")
    file = tmp_path_factory.mktemp("museum") / "pictures.csv"
    file.write_text("name,price\nblue,10\nred,20\n")
    load(me, api, file)
    return api


def ask(client: httpx.Client, api: str, sql: str, **more: Any) -> dict[str, Any]:
    body = {"sql": sql, "wait_ms": 60_000, **more}
    found: dict[str, Any] = client.post(f"{api}/queries", json=body).json()
    return found


def schema_of(in_bucket: Deita, me: httpx.Client) -> str:
    return f"workspace_{me.get(f'{in_bucket.control}/workspaces/museum').json()['id']}"


def test_a_viewer_may_be_the_first_who_comes(vic: httpx.Client, looked: str) -> None:
    answer = vic.get(f"{looked}/files")
    assert (answer.status_code, answer.json()["items"]) == (200, []), answer.text
    assert ask(vic, looked, "select 1 as one")["rows"] == [[1]]


def test_a_viewer_looks_asks_and_gets_receipts(me: httpx.Client, vic: httpx.Client, looked: str, worked: str) -> None:
    asked = ask(vic, looked, "select sum(price) from pictures")
    assert asked["rows"] == [[30]], asked
    receipt = vic.get(f"{looked}/queries/{asked['id']}/receipt").json()
    origin = receipt["tables"][0]["origins"][0]
    assert (receipt["person"], origin["file"]) == ("vic", "pictures.csv")
    assert vic.get(f"{looked}/queries/{asked['id']}/results", params={"format": "csv"}).text.split()[1] == "30"
    assert vic.get(f"{looked}/tables/pictures/profile").json()["version"] == 1
    assert vic.get(f"{looked}/tables/pictures/rows").json()["row_count"] == 2
    assert ask(me, worked, "delete from pictures where name = 'red'", mode="write")["state"] == "done"
    assert ask(vic, looked, "select sum(price) from pictures")["rows"] == [[10]]
    assert ask(vic, looked, "select sum(price) from pictures", as_of={"pictures": 1})["rows"] == [[30]]
    until(lambda: vic.get(f"{looked}/tables/pictures/versions").json()["items"][0]["version"] == 2, 30, "the version")


def test_explore_opens(vic: httpx.Client, looked: str) -> None:
    page = vic.get(looked.replace("deita/api/v1", "apps/explore"), follow_redirects=True, timeout=120)
    assert page.status_code == 200, page.text
    assert "kernelId" in page.text


def test_a_viewer_changes_nothing(vic: httpx.Client, looked: str, worked: str) -> None:
    assert vic.put(f"{looked}/files/a.csv", content=b"x\n1\n").status_code == 403
    assert vic.get(f"{looked}/files/pictures.csv").status_code == 403
    for sql in ("drop table pictures", "create table b as select 1 as y"):
        assert vic.post(f"{looked}/queries", json={"sql": sql, "mode": "write"}).status_code == 403


def test_the_dashboard_servers_sessions_only_read_and_who_migrated_left_no_login(
    in_bucket: Deita, me: httpx.Client, vic: httpx.Client, looked: str, worked: str
) -> None:
    vic.get(f"{looked}/files").raise_for_status()
    schema = schema_of(in_bucket, me)
    with psycopg.connect(in_bucket.environment["DEITA_DATABASE_URL"]) as connection:
        logins = "SELECT rolname FROM pg_roles WHERE rolcanlogin AND starts_with(rolname, %s)"
        memberships = {
            name: {
                role
                for (role,) in connection.execute(
                    "SELECT b.rolname FROM pg_auth_members m JOIN pg_roles b ON b.oid = m.roleid"
                    " JOIN pg_roles l ON l.oid = m.member WHERE l.rolname = %s",
                    [name],
                )
            }
            for (name,) in connection.execute(logins, [f"{schema}_"])
        }
    assert sorted(map(sorted, memberships.values())) == [[schema], [f"{schema}_reads"]], "one works, one looks"


def test_an_older_database_is_brought_up_to_date_for_who_may_only_read(
    in_bucket: Deita, me: httpx.Client, vic: httpx.Client, looked: str, worked: str
) -> None:
    operator = {"Authorization": f"token {(in_bucket.home / 'secrets' / 'operator_token').read_text()}"}
    museum = f"{in_bucket.control}/workspaces/museum"
    for user, client in (("me", me), ("dash-museum", vic)):
        httpx.delete(f"{in_bucket.hub}/hub/api/users/{user}/servers/museum", headers=operator).raise_for_status()
        until(lambda client=client: client.get(museum).json()["server"]["state"] == "stopped", 60, "the end")  # type: ignore[misc]
    schema = schema_of(in_bucket, me)
    url = in_bucket.environment["DEITA_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
    engine = sa.create_engine(url, connect_args={"options": f"-c search_path={schema}"})
    with engine.begin() as connection:
        connection.exec_driver_sql(f"SET ROLE {schema}")
        downgrade(connection, OLDER)
    api = in_bucket.open(vic, "museum")
    versions = vic.get(f"{api}/tables/pictures/versions")
    assert [item["version"] for item in versions.json()["items"]] == [2, 1], versions.text
    with engine.connect() as connection:
        found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    engine.dispose()
    assert found == HEAD
