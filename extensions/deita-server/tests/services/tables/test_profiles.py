from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ...workspace_server import RunningServer

pytestmark = pytest.mark.backends

LARGE = "range as id, random() as x, 'w' || (range * 7919) % 1000003 as word from range(3000000)"


def write(workspace: RunningServer, sql: str) -> None:
    assert workspace.rows(sql, mode="write") is not None


def test_a_version_has_a_profile_that_is_kept(workspace: RunningServer):
    write(workspace, "CREATE TABLE profiled_held AS SELECT range AS n, if(range < 2, NULL, 'x') AS word FROM range(10)")
    write(workspace, "DELETE FROM profiled_held WHERE n > 4")
    profile = workspace.api.get("/tables/profiled_held/profile").json()
    assert (profile["table"], profile["version"], profile["rows"]) == ("profiled_held", 2, 5)
    n, word = profile["columns"]
    assert (n["min"], n["max"], n["mean"], n["quantiles"]["0.5"], n["distinct"]) == (0, 4, 2, 2, 5)
    assert (word["nulls"], word["top"]) == (2, [{"value": "x", "count": 3}])
    assert n["histogram"][0] == {"from": 0, "to": 1, "count": 1}
    old = workspace.api.get("/tables/profiled_held/profile", params={"version": 1}).json()
    assert (old["version"], old["rows"]) == (1, 10)
    assert workspace.api.get("/tables/PROFILED_HELD/profile").json() == profile


def test_identical_requests_share_one_profile(workspace: RunningServer):
    write(workspace, f"CREATE TABLE profiled_shared AS SELECT {LARGE}")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: workspace.api.get("/tables/profiled_shared/profile"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_hanging_up_ends_the_work(workspace: RunningServer):
    endless = "SELECT sum(a.range * b.range) AS s FROM range(10000000) a, range(10000000) b"
    write(workspace, f"CREATE VIEW profiled_endless AS {endless}")
    with pytest.raises(httpx.ReadTimeout):
        workspace.api.get("/tables/profiled_endless/profile", timeout=0.5)
    write(workspace, "CREATE TABLE profiled_quick AS SELECT 1 AS a")
    for _ in range(5):  # more than what may compute at once
        with pytest.raises(httpx.ReadTimeout):
            workspace.api.get("/tables/profiled_endless/profile", timeout=0.2)
    assert workspace.api.get("/tables/profiled_quick/profile").json()["rows"] == 1


def test_the_profile_of_a_view_follows_its_tables(workspace: RunningServer):
    write(workspace, "CREATE TABLE profiled_below AS SELECT 1 AS a")
    write(workspace, "CREATE VIEW profiled_above AS SELECT a FROM profiled_below")
    assert workspace.api.get("/tables/profiled_above/profile").json()["rows"] == 1
    write(workspace, "INSERT INTO profiled_below VALUES (2)")
    assert workspace.api.get("/tables/profiled_above/profile").json()["rows"] == 2


def test_what_is_not_there_has_no_profile(workspace: RunningServer):
    write(workspace, "CREATE TABLE profiled_there AS SELECT 1 AS a")
    assert workspace.api.get("/tables/profiled_there/profile", params={"version": 7}).status_code == 404
    assert workspace.api.get("/tables/nowhere/profile").status_code == 404
    workspace.api.get("/tables/profiled_there/profile")
    workspace.api.delete("/tables/profiled_there")
    assert workspace.api.get("/tables/profiled_there/profile").json()["code"] == "table_not_found"
    workspace.api.post("/tables/profiled_there/restore", json={"version": 1})
    assert workspace.api.get("/tables/profiled_there/profile").json()["version"] == 3
