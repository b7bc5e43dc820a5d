from __future__ import annotations

import httpx
import pytest

from ...workspace_server import RunningServer

CSV = b"Name,Total Sales,day\nann,10,2024-01-01\nbob,,2024-01-02\ncid,30,2024-01-03\ndan,20,2024-01-04\n"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@pytest.fixture(scope="module")
def people(workspace: RunningServer) -> str:
    workspace.put("people.csv", CSV)
    assert workspace.import_file("people.csv")["state"] == "done"
    return "/tables/people"


def test_a_table_tells_its_columns_and_where_it_came_from(workspace: RunningServer, people: str):
    table = workspace.api.get(people).json()
    assert [(column["name"], column["label"], column["type"]) for column in table["columns"]] == [
        ("name", "Name", "VARCHAR"),
        ("total_sales", "Total Sales", "BIGINT"),
        ("day", "day", "DATE"),
    ]
    assert (table["rows"], table["version"], table["created_by"], table["kind"]) == (4, 1, "me", "table")
    assert table["bytes"] > 0
    assert table["source"]["file"] == "people.csv"
    assert table in workspace.api.get("/tables").json()["items"]
    assert workspace.api.get("/tables/PEOPLE").json() == table


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({}, ["ann", "bob", "cid", "dan"]),
        ({"order": "-name"}, ["dan", "cid", "bob", "ann"]),
        ({"order": "-total_sales,name"}, ["cid", "dan", "ann", "bob"]),
        ({"filter": "total_sales:ge:20"}, ["cid", "dan"]),
        ({"filter": ["total_sales:gt:5", "name:ne:cid"]}, ["ann", "dan"]),
        ({"filter": "total_sales:null"}, ["bob"]),
        ({"filter": "total_sales:notnull"}, ["ann", "cid", "dan"]),
        ({"filter": "name:in:ann,dan"}, ["ann", "dan"]),
        ({"filter": "name:like:%a%"}, ["ann", "dan"]),
        ({"filter": "day:lt:2024-01-03"}, ["ann", "bob"]),
        ({"filter": "name:eq:' OR 1=1 --"}, []),
    ],
)
def test_rows_can_be_ordered_and_filtered(workspace: RunningServer, people: str, params: dict, names: list[str]):
    page = workspace.api.get(f"{people}/rows", params=params).json()
    assert [row[0] for row in page["rows"]] == names
    assert (page["row_count"], page["next"]) == (len(names), None)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"filter": "name"}, "bad_request"),
        ({"filter": "name:is:x"}, "bad_request"),
        ({"filter": "name:eq"}, "bad_request"),
        ({"order": "-"}, "bad_request"),
        ({"limit": 10_001}, "bad_request"),
        ({"limit": 0}, "bad_request"),
        ({"cursor": "e30"}, "bad_cursor"),
        ({"order": "nothing"}, "query_binding"),
        ({"filter": "nothing:eq:1"}, "query_binding"),
    ],
)
def test_what_cannot_be_asked_is_a_400(workspace: RunningServer, people: str, params: dict, code: str):
    assert refused(workspace.api.get(f"{people}/rows", params=params)) == (400, code)


def test_pages_show_the_table_as_it_was_for_the_first(workspace: RunningServer):
    workspace.put("pinned.csv", b"n\n" + b"".join(b"%d\n" % number for number in range(25)))
    workspace.import_file("pinned.csv")
    page = workspace.api.get("/tables/pinned/rows", params={"limit": 10, "order": "n"}).json()
    assert workspace.query("DELETE FROM pinned", mode="write").json()["state"] == "done"
    found = [row[0] for row in page["rows"]]
    while page["next"]:
        params = {"limit": 10, "order": "n", "cursor": page["next"]}
        page = workspace.api.get("/tables/pinned/rows", params=params).json()
        assert page["row_count"] == 25
        found += [row[0] for row in page["rows"]]
    assert found == list(range(25))
    assert workspace.api.get("/tables/pinned/rows").json()["row_count"] == 0


def test_a_cursor_of_another_order_is_refused(workspace: RunningServer, people: str):
    cursor = workspace.api.get(f"{people}/rows", params={"limit": 2}).json()["next"]
    answer = workspace.api.get(f"{people}/rows", params={"limit": 2, "order": "name", "cursor": cursor})
    assert refused(answer) == (400, "bad_cursor")


def test_a_renamed_table_keeps_its_versions(workspace: RunningServer):
    workspace.put("before.csv", b"n\n1\n")
    workspace.import_file("before.csv")
    workspace.import_file("before.csv", mode="append")
    renamed = workspace.api.patch("/tables/before", json={"name": "after"})
    assert (renamed.status_code, renamed.json()["name"]) == (200, "after")
    assert refused(workspace.api.get("/tables/before")) == (404, "table_not_found")
    operations = [version["operation"] for version in workspace.api.get("/tables/after/versions").json()["items"]]
    assert operations == ["rename", "append", "create"]
    assert workspace.rows("SELECT count(*) FROM after") == [[2]]


def test_a_rename_to_a_taken_name_is_a_409(workspace: RunningServer, people: str):
    workspace.put("other.csv", b"n\n1\n")
    workspace.import_file("other.csv")
    assert refused(workspace.api.patch("/tables/other", json={"name": "people"})) == (409, "table_exists")


def test_a_dropped_table_is_gone(workspace: RunningServer):
    workspace.put("dropped.csv", b"n\n1\n")
    workspace.import_file("dropped.csv")
    assert workspace.api.delete("/tables/dropped").status_code == 204
    for path in ("/tables/dropped", "/tables/dropped/rows", "/tables/dropped/versions"):
        assert refused(workspace.api.get(path)) == (404, "table_not_found")
    assert refused(workspace.api.delete("/tables/dropped")) == (404, "table_not_found")
    assert refused(workspace.query("SELECT * FROM dropped")) == (400, "table_not_found")


def test_versions_page_newest_first(workspace: RunningServer):
    workspace.put("many.csv", b"n\n1\n")
    for _ in range(4):
        workspace.import_file("many.csv", mode="append")
    first = workspace.api.get("/tables/many/versions", params={"limit": 3}).json()
    second = workspace.api.get("/tables/many/versions", params={"limit": 3, "cursor": first["next"]}).json()
    assert [version["version"] for version in first["items"] + second["items"]] == [4, 3, 2, 1]
    assert [version["rows"] for version in first["items"] + second["items"]] == [4, 3, 2, 1]
