from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from ...workspace_server import RunningServer, Starter

pytestmark = pytest.mark.backends


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def save(workspace: RunningServer, name: str, sql: str, **more: Any) -> dict[str, Any]:
    answer = workspace.api.post("/saved-queries", json={"name": name, "sql": sql, **more})
    assert answer.status_code == 201, answer.text
    return answer.json()


@pytest.fixture(scope="module", autouse=True)
def orders(workspace: RunningServer) -> None:
    rows = (
        "(1, 'nut', 2.50, DATE '2025-01-31'), (2, 'bolt', 4.00, DATE '2025-02-01'), (3, 'nut', 1.00, DATE '2025-03-01')"
    )
    workspace.query(f"CREATE TABLE orders AS FROM (VALUES {rows}) t(id, item, price, day)", mode="write")


def test_a_saved_query_finds_its_parameters_and_their_types(workspace: RunningServer):
    saved = save(workspace, "Orders of an item", "FROM orders WHERE item = $item AND day >= $since AND id < $below")
    assert (saved["slug"], saved["version"]) == ("orders-of-an-item", 1)
    assert {param["name"]: param["type"] for param in saved["params"]} == {
        "item": "VARCHAR",
        "since": "DATE",
        "below": "INTEGER",
    }
    assert all(param["required"] and param["default"] is None for param in saved["params"])
    assert [column["name"] for column in saved["columns"]] == ["id", "item", "price", "day"]
    assert saved["tables"] == ["orders"]
    assert saved["created_by"] == saved["updated_by"] == "me"
    answer = workspace.api.get("/saved-queries/orders-of-an-item")
    assert (answer.json(), answer.headers["ETag"]) == (saved, '"1"')
    assert "orders-of-an-item" in [item["slug"] for item in workspace.api.get("/saved-queries").json()["items"]]


def test_a_run_takes_typed_values_and_is_a_query(workspace: RunningServer):
    declared = [
        {"name": "since", "default": "2025-02-01"},
        {"name": "items", "type": "VARCHAR[]", "choices": ["nut", "bolt"], "required": False},
        {"name": "at_least", "type": "DECIMAL(10,2)", "description": "Price"},
    ]
    sql = "SELECT id FROM orders WHERE day >= $since AND ($items IS NULL OR item IN $items) AND price >= $at_least"
    save(workspace, "Run me", f"{sql} ORDER BY id", params=declared)

    def run(**params: Any) -> httpx.Response:
        return workspace.api.post("/saved-queries/run-me/run", json={"params": params, "wait_ms": 30_000})

    assert run(at_least="0.50").json()["rows"] == [[2], [3]]
    assert run(At_Least=1, since="2025-01-01", items=["nut"]).json()["rows"] == [[1], [3]]
    receipt = run(at_least="2").json()["receipt"]
    assert receipt["params"] == {"since": "2025-02-01", "items": None, "at_least": "2.00"}
    assert receipt["param_types"]["at_least"] == "DECIMAL(10,2)"
    wrong = run(at_least="2.005")
    assert refused(wrong) == (400, "bad_parameter")
    assert wrong.json()["details"] == {"name": "at_least", "type": "DECIMAL(10,2)", "value": "2.005"}
    assert refused(run()) == (400, "bad_parameter")
    assert run().json()["message"] == "The parameter at_least is missing."
    assert run(at_least=1, sinse="2025-01-01").json()["hint"] == "There is since, items, at_least."
    assert run(at_least=1, items=["screw"]).json()["message"] == "items must be one of nut, bolt."
    later = workspace.api.post("/saved-queries/run-me/run", json={"params": {"at_least": 1}, "wait_ms": 0})
    assert later.headers.get("Location", f"/queries/{later.json()['id']}").endswith(f"/queries/{later.json()['id']}")


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("SELECT\n  pryce FROM orders", "query_binding", (2, 3)),
        ("SELEC 1", "query_syntax", (1, 1)),
        ("FROM oders", "table_not_found", (1, 6)),
        ("SELECT * FROM read_csv('/etc/passwd')", "not_allowed", None),
        ("DELETE FROM orders", "write_mode_required", None),
        ("SELECT 1; SELECT 2", "multiple_statements", None),
        ("SELECT $limit", "bad_parameter", None),
        ("SELECT $x + 1", "query_binding", (1, 11)),
    ],
)
def test_only_a_statement_that_can_run_is_saved(
    workspace: RunningServer, sql: str, code: str, place: tuple[int, int] | None
):
    answer = workspace.api.post("/saved-queries", json={"name": "Not saved", "sql": sql})
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code == (403 if code in ("not_allowed", "write_mode_required") else 400)
    if place:
        details = answer.json()["details"]
        assert (details["line"], details["column"]) == place
    assert refused(workspace.api.get("/saved-queries/not-saved")) == (404, "saved_query_not_found")


@pytest.mark.parametrize(
    "declared",
    [
        {"name": "nobody"},
        {"name": "item", "type": "ENUM"},
        {"name": "item", "default": 5},
        {"name": "item", "choices": ["nut"], "default": "bolt"},
        {"name": "item", "choices": [7]},
        {"name": "item", "required": True, "default": "nut"},
        {"name": "it em"},
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(workspace: RunningServer, declared: dict[str, Any]):
    body = {"name": "Not saved", "sql": "FROM orders WHERE item = $item", "params": [declared]}
    answer = workspace.api.post("/saved-queries", json=body)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("bad_parameter", "bad_request")


def test_every_save_is_a_version_and_each_can_be_brought_back(workspace: RunningServer):
    save(workspace, "Versions", "SELECT 1 AS one", message="first")
    path = "/saved-queries/versions"
    changed = workspace.api.patch(
        path, json={"sql": "SELECT 2 AS two", "description": "Two", "message": "second"}
    ).json()
    assert (changed["version"], changed["description"], changed["columns"][0]["name"]) == (2, "Two", "two")
    assert workspace.api.patch(path, json={"description": "Two"}).json()["version"] == 2
    first = workspace.api.get(f"{path}/versions", params={"limit": 1}).json()
    rest = workspace.api.get(f"{path}/versions", params={"cursor": first["next"]}).json()
    versions = first["items"] + rest["items"]
    assert [(item["version"], item["operation"], item["message"]) for item in versions] == [
        (2, "change", "second"),
        (1, "create", "first"),
    ]
    assert all(item["created_by"] == "me" and item["created_at"] for item in versions)
    restored = workspace.api.post(f"{path}/restore", json={"version": 1}).json()
    assert (restored["version"], restored["sql"], restored["description"]) == (3, "SELECT 1 AS one", "")
    assert workspace.api.post(f"{path}/restore", json={"version": 3}).json()["version"] == 3
    key = {"Idempotency-Key": "once"}
    for _ in range(2):
        assert workspace.api.post(f"{path}/restore", json={"version": 2}, headers=key).json()["version"] == 4
    assert refused(workspace.api.post(f"{path}/restore", json={"version": 9})) == (404, "version_not_found")
    newest = workspace.api.get(f"{path}/versions").json()["items"][0]
    assert (newest["operation"], newest["restored_version"]) == ("restore", 2)


def test_a_deleted_one_is_brought_back_and_its_slug_goes_on(workspace: RunningServer):
    save(workspace, "Gone", "SELECT 1 AS one")
    assert workspace.api.delete("/saved-queries/gone").status_code == 204
    assert refused(workspace.api.get("/saved-queries/gone")) == (404, "saved_query_not_found")
    assert refused(workspace.api.post("/saved-queries/gone/run", json={})) == (404, "saved_query_not_found")
    assert refused(workspace.api.delete("/saved-queries/gone")) == (404, "saved_query_not_found")
    assert "gone" not in [item["slug"] for item in workspace.api.get("/saved-queries").json()["items"]]
    assert refused(workspace.api.post("/saved-queries/gone/restore", json={"version": 2})) == (404, "version_not_found")
    assert workspace.api.post("/saved-queries/gone/restore", json={"version": 1}).json()["version"] == 3
    assert workspace.api.get("/saved-queries/gone").json()["sql"] == "SELECT 1 AS one"
    workspace.api.delete("/saved-queries/gone")
    assert save(workspace, "Gone", "SELECT 2 AS two")["version"] == 5


def test_a_taken_slug_is_refused_and_another_may_be_chosen(workspace: RunningServer):
    save(workspace, "Späte Flüge", "SELECT 1")
    taken = workspace.api.post("/saved-queries", json={"name": "Spate  flüge!", "sql": "SELECT 2"})
    assert refused(taken) == (409, "saved_query_exists")
    assert taken.json()["details"] == {"slug": "spate-fluge", "version": 1}
    assert save(workspace, "Späte Flüge", "SELECT 2", slug="late-2")["slug"] == "late-2"
    assert save(workspace, "продажи", "SELECT 1")["slug"].startswith("query-")
    for slug in ("Late", "2late", "la--te", "x" * 61):
        answer = workspace.api.post("/saved-queries", json={"name": "x", "sql": "SELECT 1", "slug": slug})
        assert refused(answer) == (400, "bad_request")


def test_a_change_made_from_an_older_version_is_refused(workspace: RunningServer):
    save(workspace, "Shared", "SELECT 1")
    path = "/saved-queries/shared"
    assert workspace.api.patch(path, json={"sql": "SELECT 2", "version": 1}).json()["version"] == 2
    late = workspace.api.patch(path, json={"sql": "SELECT 3", "version": 1})
    assert refused(late) == (409, "saved_query_changed")
    assert {name: late.json()["details"][name] for name in ("slug", "version", "changed_by")} == {
        "slug": "shared",
        "version": 2,
        "changed_by": "me",
    }
    seen = {"If-Match": '"1"'}
    assert refused(workspace.api.patch(path, json={"sql": "SELECT 3"}, headers=seen)) == (409, "saved_query_changed")
    assert refused(workspace.api.delete(path, headers=seen)) == (409, "saved_query_changed")
    assert refused(workspace.api.patch(path, json={"sql": "SELECT 3"}, headers={"If-Match": "x"})) == (
        400,
        "bad_request",
    )
    etag = workspace.api.get(path).headers["ETag"]
    assert workspace.api.patch(path, json={"sql": "SELECT 3"}, headers={"If-Match": etag}).json()["version"] == 3


def test_of_many_who_save_at_once_one_wins(workspace: RunningServer):
    save(workspace, "Raced", "SELECT 0")
    answers: list[int] = []

    def change(number: int) -> None:
        body = {"sql": f"SELECT {number}", "version": 1}
        answers.append(workspace.api.patch("/saved-queries/raced", json=body).status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]
    assert workspace.api.get("/saved-queries/raced").json()["version"] == 2


def test_a_changed_statement_forgets_parameters_that_it_has_not(workspace: RunningServer):
    save(workspace, "Fewer", "SELECT $a::INTEGER AS a, $b AS b", params=[{"name": "b", "default": "x"}])
    changed = workspace.api.patch("/saved-queries/fewer", json={"sql": "SELECT $b AS b, $c::DATE AS c"}).json()
    assert [(one["name"], one["type"], one["default"]) for one in changed["params"]] == [
        ("b", "VARCHAR", "x"),
        ("c", "DATE", None),
    ]


def test_a_parameter_in_capitals_is_the_same_parameter(workspace: RunningServer):
    saved = save(workspace, "Capitals", "SELECT $Day::DATE AS a, $day AS b, $DAY AS c")
    assert [(one["name"], one["type"]) for one in saved["params"]] == [("Day", "DATE")]
    body = {"params": {"DAY": "2025-01-31"}, "wait_ms": 30_000}
    assert workspace.api.post("/saved-queries/capitals/run", json=body).json()["rows"] == [["2025-01-31"] * 3]
    twice = {"name": "Twice", "sql": "SELECT $a", "params": [{"name": "a"}, {"name": "A"}]}
    assert refused(workspace.api.post("/saved-queries", json=twice)) == (400, "bad_parameter")


def test_a_retried_save_has_one_effect(workspace: RunningServer):
    body, headers = {"name": "Once", "sql": "SELECT 1"}, {"Idempotency-Key": "saved-once"}
    answers = [workspace.api.post("/saved-queries", json=body, headers=headers) for _ in range(2)]
    assert [(answer.status_code, answer.json()["version"]) for answer in answers] == [(201, 1), (201, 1)]


def test_viewers_look_and_run_but_do_not_change(start_server: Starter):
    owner = start_server()
    save(owner, "Seen", "SELECT 1 AS one")
    viewer = start_server(storage=owner.storage, person="vera", role="viewer")
    assert viewer.api.get("/saved-queries").json()["items"][0]["slug"] == "seen"
    assert viewer.api.post("/saved-queries/seen/run", json={"wait_ms": 30_000}).json()["rows"] == [[1]]
    assert viewer.api.get("/q/seen.json").json() == [{"one": 1}]
    for answer in (
        viewer.api.post("/saved-queries", json={"name": "x", "sql": "SELECT 1"}),
        viewer.api.patch("/saved-queries/seen", json={"sql": "SELECT 2"}),
        viewer.api.delete("/saved-queries/seen"),
        viewer.api.post("/saved-queries/seen/restore", json={"version": 1}),
    ):
        assert refused(answer) == (403, "forbidden")
    editor = start_server(storage=owner.storage, person="ed", role="editor")
    assert editor.api.patch("/saved-queries/seen", json={"sql": "SELECT 2 AS one"}).json()["updated_by"] == "ed"
    owner.kill()
    owner.start()
    assert owner.api.get("/q/seen.json").json() == [{"one": 2}]


def test_the_list_goes_on_page_by_page(start_server: Starter):
    workspace = start_server()
    for number in range(5):
        save(workspace, f"Query {number}", f"SELECT {number}")
    seen, cursor = [], None
    while cursor is not None or not seen:
        page = workspace.api.get("/saved-queries", params={"limit": 2, **({"cursor": cursor} if cursor else {})}).json()
        seen += [item["slug"] for item in page["items"]]
        cursor = page["next"]
    assert seen == [f"query-{number}" for number in range(5)]
    assert refused(workspace.api.get("/saved-queries", params={"cursor": "x"})) == (400, "bad_cursor")
