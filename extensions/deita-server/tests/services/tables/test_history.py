from __future__ import annotations

import datetime
from typing import Any

import httpx
import pytest

from ...workspace_server import RunningServer, Starter

pytestmark = pytest.mark.backends


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def write(workspace: RunningServer, sql: str) -> None:
    assert workspace.rows(sql, mode="write") is not None


def versions(workspace: RunningServer, table: str) -> list[dict[str, Any]]:
    return workspace.api.get(f"/tables/{table}/versions").json()["items"]


@pytest.fixture(scope="module")
def sales(workspace: RunningServer) -> str:
    workspace.put("history.csv", b"item,qty\nnut,1\nbolt,2\nscrew,3\n")
    workspace.import_file("history.csv", table="history")
    workspace.put("history.csv", b"item,qty,price\nnut,1,0.5\n", replace=1)
    workspace.import_file("history.csv", table="history", mode="replace")
    write(workspace, "INSERT INTO history VALUES ('nail', 7, 0.1)")
    return "/tables/history"


def test_versions_tell_who_made_them_from_what_and_what_changed(workspace: RunningServer, sales: str):
    third, second, first = versions(workspace, "history")
    assert [version["operation"] for version in (first, second, third)] == ["create", "replace", "write"]
    assert [version["row_change"] for version in (first, second, third)] == [None, -2, 1]
    assert [version["reject_count"] for version in (first, second, third)] == [0, 0, None]
    assert second["column_changes"] == [{"name": "price", "change": "added", "before": None, "after": "DOUBLE"}]
    assert first["source"]["file"] == second["source"]["file"] == "history.csv"
    assert first["source"]["sha256"] != second["source"]["sha256"]
    assert third["source"]["receipt"]["sql"].startswith("INSERT")
    assert all(version["created_by"] == "me" and version["created_at"] for version in (first, second, third))


def test_a_table_and_its_rows_are_shown_as_they_were(workspace: RunningServer, sales: str):
    old = workspace.api.get(sales, params={"version": 1}).json()
    assert (old["name"], old["version"], old["rows"], len(old["columns"])) == ("history", 1, 3, 2)
    first = workspace.api.get(f"{sales}/rows", params={"version": 1, "order": "-qty", "limit": 2}).json()
    rest = workspace.api.get(
        f"{sales}/rows", params={"version": 1, "order": "-qty", "limit": 2, "cursor": first["next"]}
    ).json()
    assert [row[0] for row in first["rows"] + rest["rows"]] == ["screw", "bolt", "nut"]
    assert rest["row_count"] == 3


def test_a_query_reads_versions_and_says_which(workspace: RunningServer, sales: str):
    write(workspace, "CREATE TABLE history_beside AS SELECT 5 AS n")
    sql = "SELECT sum(qty), any_value(n) FROM history, history_beside"
    body = workspace.query(sql, as_of={"History": 1}).json()
    assert body["rows"] == [[6, 5]]
    assert body["receipt"]["tables"] == {"history": 1, "history_beside": 1}
    assert body["receipt"]["as_of"] == {"History": 1}
    again = workspace.query(sql, as_of=body["receipt"]["tables"]).json()
    assert again["rows"] == body["rows"]
    assert workspace.rows("SELECT sum(qty) FROM history") == [[8]]


def test_a_query_reads_everything_as_it_stood(workspace: RunningServer, sales: str):
    times = {version["version"]: version["created_at"] for version in versions(workspace, "history")}
    for version, total in ((1, 6), (2, 1), (3, 8)):
        body = workspace.query("SELECT sum(qty) FROM history", as_of=times[version]).json()
        assert (body["rows"], body["receipt"]["tables"]) == ([[total]], {"history": version})
    zoned = datetime.datetime.fromisoformat(times[1]).astimezone(datetime.timezone(datetime.timedelta(hours=5)))
    assert workspace.rows("SELECT count(*) FROM history", as_of=zoned.isoformat()) == [[3]]
    assert refused(workspace.query("FROM history", as_of="2001-01-01")) == (400, "table_not_found")


def test_a_look_back_far_beyond_what_is_remembered_names_its_versions(workspace: RunningServer):
    write(workspace, "CREATE TABLE long_ago AS SELECT 0 AS n")
    created = versions(workspace, "long_ago")[0]["created_at"]
    for number in range(35):
        write(workspace, f"INSERT INTO long_ago VALUES ({number})")
    body = workspace.query("SELECT count(*) FROM long_ago", as_of=created).json()
    assert (body["rows"], body["receipt"]["tables"]) == ([[1]], {"long_ago": 1})


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"as_of": {"history": 99}}, 404, "version_not_found"),
        ({"as_of": {"nowhere": 1}}, 400, "table_not_found"),
        ({"as_of": {"history": 0}}, 400, "bad_request"),
        ({"as_of": "yesterday"}, 400, "bad_request"),
        ({"as_of": 5}, 400, "bad_request"),
        ({"as_of": {"history": 1}, "mode": "write"}, 400, "bad_request"),
    ],
)
def test_a_look_back_that_cannot_be_is_refused(
    workspace: RunningServer, sales: str, body: dict[str, Any], status: int, code: str
):
    assert refused(workspace.query("FROM history", **body)) == (status, code)


def test_a_version_that_does_not_exist_is_a_404(workspace: RunningServer, sales: str):
    for path in (sales, f"{sales}/rows"):
        assert refused(workspace.api.get(path, params={"version": 99})) == (404, "version_not_found")
    assert refused(workspace.api.post(f"{sales}/restore", json={"version": 99})) == (404, "version_not_found")
    assert refused(workspace.api.post("/tables/nowhere/restore", json={"version": 1})) == (404, "table_not_found")
    assert refused(workspace.api.post(f"{sales}/restore", json={})) == (400, "bad_request")


def test_a_restored_version_is_the_newest_and_keeps_its_source(workspace: RunningServer):
    workspace.put("back.csv", b"Item,n\na,1\nb,2\n")
    workspace.import_file("back.csv")
    write(workspace, "DELETE FROM back")
    restored = workspace.api.post("/tables/back/restore", json={"version": 1})
    assert restored.status_code == 200
    table = restored.json()
    assert (table["version"], table["rows"], table["source"]["file"]) == (3, 2, "back.csv")
    assert table["columns"][0]["label"] == "Item"
    assert workspace.rows("FROM back") == [["a", 1], ["b", 2]]
    newest = versions(workspace, "back")[0]
    assert (newest["operation"], newest["restored_version"], newest["row_change"]) == ("restore", 1, 2)
    assert workspace.api.post("/tables/back/restore", json={"version": 3}).json()["version"] == 3


def test_a_deleted_table_comes_back_with_all_its_versions(workspace: RunningServer):
    write(workspace, "CREATE TABLE vanished AS SELECT 1 AS a")
    workspace.api.patch("/tables/vanished", json={"name": "recovered"})
    assert workspace.api.delete("/tables/recovered").status_code == 204
    assert refused(workspace.api.post("/tables/recovered/restore", json={"version": 3})) == (404, "version_not_found")
    assert workspace.rows("FROM recovered", as_of={"recovered": 1}) == [[1]]
    assert workspace.api.post("/tables/recovered/restore", json={"version": 2}).json()["version"] == 4
    assert workspace.rows("FROM recovered") == [[1]]
    operations = [version["operation"] for version in versions(workspace, "recovered")]
    assert operations == ["restore", "drop", "rename", "create"]


def test_who_only_looks_may_look_back_but_not_restore(workspace: RunningServer, sales: str, start_server: Starter):
    viewer = start_server(storage=workspace.storage, person="vi", role="viewer")
    assert viewer.rows("SELECT count(*) FROM history", as_of={"history": 1}) == [[3]]
    assert refused(viewer.api.post(f"{sales}/restore", json={"version": 1})) == (403, "forbidden")
