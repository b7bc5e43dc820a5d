"""Previews, and imports that wait for a person to look at how the file is read."""

from __future__ import annotations

import contextlib
from pathlib import Path

import httpx
import pytest

from ...workspace_server import RunningServer, Starter

ALWAYS = "--DeitaExtension.review_below=1.1"
SLOW = b"a,b,c\n" + b"".join(b"%d,%d,text %d\n" % (number, number * 7, number) for number in range(400_000))


@pytest.fixture(scope="module")
def doubtful(start_server: Starter) -> RunningServer:
    """A server that takes every reading for a doubtful one."""
    return start_server(ALWAYS)


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def waiting(server: RunningServer, name: str, content: bytes = b"a,b\n1,x\n2,y\n", **body: object) -> dict:
    server.put(name, content)
    found = server.import_file(name, confirm=False, **body)
    assert found["state"] == "needs_review", found
    return found


def test_a_preview_says_how_a_file_would_be_read_and_keeps_nothing(workspace: RunningServer):
    workspace.put("looked.csv", b"day,item\n2025-01-02,tea\n2025-01-03,cake\n")
    before = len(workspace.api.get("/imports").json()["items"])
    answer = workspace.api.post("/imports/preview", json={"file": "looked.csv"})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["recipe"]["format"], body["recipe"]["delimiter"]) == ("csv", ",")
    assert set(body["preview"]) == {"columns", "rows", "raw", "odd", "choices", "others", "confidence"}
    assert body["preview"]["columns"][0] == {"name": "day", "label": "day", "type": "DATE"}
    assert body["preview"]["rows"] == [["2025-01-02", "tea"], ["2025-01-03", "cake"]]
    assert body["preview"]["raw"][1] == "2025-01-02,tea"
    assert len(workspace.api.get("/imports").json()["items"]) == before
    assert refused(workspace.api.get("/tables/looked")) == (404, "table_not_found")


def test_a_preview_follows_the_recipe_and_older_bytes(workspace: RunningServer):
    first = workspace.put("older.csv", b"a;b\n1;2\n").json()
    workspace.put("older.csv", b"c\n3\n", replace=1)
    body = {"file": "older.csv", "sha256": first["sha256"], "recipe": {"columns": {"a": "VARCHAR"}}}
    preview = workspace.api.post("/imports/preview", json=body).json()["preview"]
    assert [(column["name"], column["type"]) for column in preview["columns"]] == [("a", "VARCHAR"), ("b", "BIGINT")]
    assert preview["rows"] == [["1", 2]]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"file": "nowhere.csv"}, (404, "file_not_found")),
        ({"file": "refusals.csv", "recipe": {"colour": "red"}}, (400, "bad_recipe")),
        ({"file": "refusals.csv", "recipe": {"encoding": "klingon"}}, (400, "bad_recipe")),
        ({"file": "refusals.csv", "colour": "red"}, (400, "bad_request")),
        ({"file": "empty.csv"}, (422, "file_empty")),
    ],
)
def test_a_preview_that_cannot_be_had_says_why(workspace: RunningServer, body: dict, expected: tuple[int, str]):
    workspace.put("refusals.csv", b"a\n1\n")
    workspace.put("empty.csv", b"")
    assert refused(workspace.api.post("/imports/preview", json=body)) == expected


BAD_RECIPES = [
    ({"colour": "red"}, "colour"),
    ({"encoding": "klingon"}, "encoding"),
    ({"encoding": "zlib"}, "encoding"),
    ({"skip": -1}, "skip"),
    ({"header": 9}, "header"),
    ({"delimiter": ""}, "delimiter"),
    ({"null_words": "NA"}, "null_words"),
    ({"columns": ["a"]}, "columns"),
    ({"columns": {"a": 5}}, "columns.a"),
    ({"columns": {"a": "NUMERO"}}, "columns.a"),
    ({"columns": {"a": "BIGINT); DROP TABLE x; --"}}, "columns.a"),
    ({"columns": {"a": {"type": "DATE", "formt": "%d"}}}, "columns.a.formt"),
    ({"columns": {"a": {"format": "%d"}}}, "columns.a"),
]


@pytest.mark.parametrize(("recipe", "path"), BAD_RECIPES, ids=[str(recipe) for recipe, _ in BAD_RECIPES])
def test_a_recipe_that_cannot_be_is_refused_before_anything_begins(doubtful: RunningServer, recipe: dict, path: str):
    doubtful.put("refused.csv", b"a,b\n1,x\n2,y\n")
    before = len(doubtful.api.get("/imports", params={"limit": 1000}).json()["items"])
    for where, body in (("/imports", {"table": "refused"}), ("/imports/preview", {})):
        answer = doubtful.api.post(where, json={"file": "refused.csv", "recipe": recipe, **body})
        assert refused(answer) == (400, "bad_recipe")
        assert answer.json()["details"]["path"] == path, answer.json()
    assert len(doubtful.api.get("/imports", params={"limit": 1000}).json()["items"]) == before


def test_a_bad_recipe_does_not_confirm(doubtful: RunningServer):
    body = waiting(doubtful, "unconfirmed.csv")
    answer = doubtful.api.post(f"/imports/{body['id']}/confirm", json={"recipe": {"skip": "many"}})
    assert (refused(answer), answer.json()["details"]["path"]) == ((400, "bad_recipe"), "skip")
    assert doubtful.api.get(f"/imports/{body['id']}").json()["state"] == "needs_review"


def test_a_client_that_leaves_takes_its_preview_along(start_server: Starter):
    server = start_server("--DeitaExtension.max_previews=1")
    server.put("slow.csv", SLOW)
    server.put("quick.csv", b"a\n1\n")
    for _ in range(5):
        with contextlib.suppress(httpx.TimeoutException):
            server.api.post("/imports/preview", json={"file": "slow.csv"}, timeout=0.02)
    answer = server.api.post("/imports/preview", json={"file": "quick.csv"}, timeout=20)
    assert answer.json()["preview"]["rows"] == [[1]]


def test_a_sure_reading_goes_on_by_itself(workspace: RunningServer):
    workspace.put("sure.csv", b"a,b\n1,2\n3,4\n")
    body = workspace.import_file("sure.csv", confirm=False)
    assert (body["state"], body["rows"], body["preview"], body["asked"]) == ("done", 2, None, None)


def test_a_doubtful_reading_waits_and_shows_what_was_found(doubtful: RunningServer):
    body = waiting(doubtful, "shown.csv", recipe={"columns": {"a": "VARCHAR"}})
    assert body["preview"]["rows"] == [["1", "x"], ["2", "y"]]
    assert body["recipe"]["delimiter"] == ","
    assert body["asked"] == {"columns": {"a": "VARCHAR"}}
    assert refused(doubtful.api.get("/tables/shown")) == (404, "table_not_found")


def test_a_confirmed_import_reads_as_the_person_said(doubtful: RunningServer):
    body = waiting(doubtful, "said.csv")
    recipe = {"columns": {"a": "VARCHAR"}}
    confirmed = doubtful.api.post(f"/imports/{body['id']}/confirm", json={"recipe": recipe})
    assert confirmed.status_code == 202
    done = doubtful.api.get(f"/imports/{body['id']}", params={"wait_ms": 30_000}).json()
    assert (done["state"], done["preview"]) == ("done", None), done
    assert doubtful.rows("SELECT a, b FROM said") == [["1", "x"], ["2", "y"]]
    assert refused(doubtful.api.post(f"/imports/{body['id']}/confirm", json={})) == (409, "import_state")


def test_an_import_that_need_not_be_confirmed_never_waits(doubtful: RunningServer):
    doubtful.put("straight.csv", b"a\n1\n")
    assert doubtful.import_file("straight.csv")["state"] == "done"


def test_an_import_that_waits_can_be_cancelled(doubtful: RunningServer):
    body = waiting(doubtful, "dropped.csv")
    cancelled = doubtful.api.delete(f"/imports/{body['id']}").json()
    assert (cancelled["state"], cancelled["preview"]) == ("cancelled", None)
    assert refused(doubtful.api.get("/tables/dropped")) == (404, "table_not_found")


def test_an_import_can_be_cancelled_while_the_file_is_looked_at(doubtful: RunningServer):
    doubtful.put("looking.csv", SLOW)
    body = doubtful.api.post("/imports", json={"file": "looking.csv", "confirm": False}).json()
    assert doubtful.api.delete(f"/imports/{body['id']}").json()["state"] == "cancelled"


def test_an_unusable_file_fails_instead_of_waiting(doubtful: RunningServer):
    doubtful.put("nothing.csv", b"")
    body = doubtful.import_file("nothing.csv", confirm=False)
    assert (body["state"], body["error"]["code"]) == ("failed", "file_empty")


def test_what_waits_outlives_the_server_and_keeps_its_bytes(start_server: Starter):
    server = start_server(ALWAYS)
    body = waiting(server, "patient.csv")
    assert server.api.delete("/files/patient.csv").status_code == 204
    server.kill()
    server.start()
    again = server.api.get(f"/imports/{body['id']}").json()
    assert (again["state"], again["preview"]) == ("needs_review", body["preview"])
    assert server.api.post(f"/imports/{body['id']}/confirm", json={}).status_code == 202
    done = server.api.get(f"/imports/{body['id']}", params={"wait_ms": 30_000}).json()
    assert (done["state"], done["rows"]) == ("done", 2)


@pytest.mark.parametrize("state", ["sniffing", "queued", "running"])
def test_an_import_whose_server_is_killed_ends_with_its_table_or_without_a_trace(start_server: Starter, state: str):
    server = start_server(ALWAYS) if state == "sniffing" else start_server()
    server.put("killed.csv", SLOW)
    body = server.api.post("/imports", json={"file": "killed.csv", "confirm": state != "sniffing"}).json()
    if state == "running":
        server.wait_until(lambda: server.api.get(f"/imports/{body['id']}").json()["state"] != "queued")
    server.kill()
    server.start()
    over = server.api.get(f"/imports/{body['id']}").json()
    exists = server.api.get("/tables/killed").status_code
    ends = {("failed", "interrupted", 404), ("done", None, 200), ("needs_review", None, 404)}
    assert (over["state"], (over["error"] or {}).get("code"), exists) in ends
    assert list(Path(server.storage, "rejects").glob("*")) == []
    assert server.import_file("killed.csv", mode="replace", confirm=True)["rows"] == 400_000
