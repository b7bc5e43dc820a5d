from __future__ import annotations

import io
import json
import socket
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ...workspace_server import BASE, TOKEN, RunningServer

ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE (a.range * b.range) % 7 = 3"


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def save(workspace: RunningServer, name: str, sql: str, **more: Any) -> str:
    answer = workspace.api.post("/saved-queries", json={"name": name, "sql": sql, **more})
    assert answer.status_code == 201, answer.text
    return f"/q/{answer.json()['slug']}"


def started(workspace: RunningServer) -> list[str]:
    return [item["id"] for item in workspace.api.get("/queries", params={"limit": 1000}).json()["items"]]


@pytest.fixture(scope="module")
def stock(workspace: RunningServer) -> str:
    workspace.query(
        "CREATE TABLE stock AS FROM (VALUES (1, 'nut'), (2, 'bolt'), (3, 'screw')) t(id, item)", mode="write"
    )
    return save(workspace, "Stock", "FROM stock WHERE id >= $from AND item IN $item ORDER BY id", params=[
        {"name": "from", "default": 1}, {"name": "item", "type": "VARCHAR[]", "default": ["nut", "bolt", "screw"]},
    ])  # fmt: skip


def test_a_receipt_names_the_saved_query_and_its_version(workspace: RunningServer):
    path = save(workspace, "Receipted", "SELECT $n AS n", params=[{"name": "n", "type": "INTEGER"}])
    slug = path.removeprefix("/q/")
    changed = workspace.api.patch(f"/saved-queries/{slug}", json={"sql": "SELECT $n + 1 AS n"})
    assert changed.json()["version"] == 2
    ran = workspace.api.post(f"/saved-queries/{slug}/run", json={"params": {"n": 2}, "wait_ms": 30_000}).json()
    fetched = workspace.api.get(f"{path}.json", params={"n": 1}).headers["X-Deita-Query"]
    again = workspace.api.post(f"/queries/{ran['id']}/rerun", json={"wait_ms": 30_000}).json()
    for query_id in (ran["id"], fetched, again["id"]):
        for receipt in (
            workspace.api.get(f"/queries/{query_id}").json()["receipt"],
            workspace.api.get(f"/queries/{query_id}/receipt").json(),
        ):
            assert receipt["saved_query"] == {"slug": slug, "version": 2}
    assert workspace.query("SELECT 3").json()["receipt"]["saved_query"] is None


def test_each_format_is_the_whole_result(workspace: RunningServer, stock: str):
    rows = [{"id": 2, "item": "bolt"}, {"id": 3, "item": "screw"}]

    def get(format: str) -> httpx.Response:
        answer = workspace.api.get(f"{stock}.{format}", params={"from": 2})
        assert answer.status_code == 200, answer.text
        assert answer.headers["X-Deita-Query"] == started(workspace)[0]
        return answer

    assert get("json").json() == rows
    assert [json.loads(line) for line in get("ndjson").text.splitlines()] == rows
    assert get("csv").text == "id,item\n2,bolt\n3,screw\n"
    assert pq.read_table(io.BytesIO(get("parquet").content)).to_pylist() == rows
    assert pa.ipc.open_stream(get("arrow").content).read_all().to_pylist() == rows
    assert get("xlsx").content.startswith(b"PK")
    assert get("csv").headers["Content-Disposition"] == 'attachment; filename="stock.csv"'
    assert get("json").headers["Content-Type"].startswith("application/json")
    assert refused(workspace.api.get(f"{stock}.doc")) == (400, "unsupported_format")
    assert refused(workspace.api.get(stock)) == (404, "not_found")


def test_values_come_with_the_address(workspace: RunningServer, stock: str):
    def ids(**params: Any) -> list[int]:
        return [row["id"] for row in workspace.api.get(f"{stock}.json", params=params).json()]

    assert ids() == [1, 2, 3]
    assert ids(item="nut") == [1]
    assert ids(item=["nut", "screw"], From="2") == [3]
    assert ids(limit=2) == [1, 2]
    assert ids(**{"from": ""}) == [1, 2, 3]
    for params in ({"from": "x"}, {"from": ["1", "2"]}, {"form": "1"}):
        answer = workspace.api.get(f"{stock}.json", params=params)
        assert refused(answer) == (400, "bad_parameter")
        assert answer.json()["details"]["name"] in params
    assert refused(workspace.api.get("/q/nowhere.json")) == (404, "saved_query_not_found")
    needed = save(workspace, "Needed", "FROM stock WHERE id = $id")
    answer = workspace.api.get(f"{needed}.csv")
    assert refused(answer) == (400, "bad_parameter")
    assert answer.json()["message"] == "The parameter id is missing."


def test_a_client_that_has_the_answer_starts_nothing(workspace: RunningServer):
    workspace.query("CREATE TABLE tagged AS SELECT 1 AS n", mode="write")
    workspace.query("CREATE VIEW tagged_view AS FROM tagged", mode="write")
    path = save(workspace, "Tagged", "FROM tagged_view")
    first = workspace.api.get(f"{path}.json")
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert first.headers["Last-Modified"].endswith("GMT")
    before = started(workspace)
    for method, known in (("GET", tag), ("GET", f'"x", {tag.removeprefix("W/")}'), ("HEAD", tag), ("GET", "*")):
        answer = workspace.api.request(method, f"{path}.json", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    head = workspace.api.head(f"{path}.csv")
    assert (head.status_code, head.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert head.headers["ETag"] != tag
    assert started(workspace) == before
    workspace.query("INSERT INTO tagged VALUES (2)", mode="write")
    changed = workspace.api.get(f"{path}.json", headers={"If-None-Match": tag})
    assert (changed.status_code, len(changed.json())) == (200, 2)
    assert changed.headers["ETag"] not in (tag, workspace.api.head(f"{path}.json", params={"limit": 1}).headers["ETag"])
    workspace.api.patch("/saved-queries/tagged", json={"sql": "FROM tagged_view LIMIT 1"})
    again = workspace.api.get(f"{path}.json", headers={"If-None-Match": changed.headers["ETag"]})
    assert (again.status_code, len(again.json())) == (200, 1)


def test_what_the_clock_changes_has_no_tag(workspace: RunningServer):
    answer = workspace.api.get(f"{save(workspace, 'Clock', 'SELECT now() AS time')}.json")
    assert "ETag" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_endpoint_looks_back(workspace: RunningServer):
    workspace.query("CREATE TABLE past AS SELECT 1 AS n", mode="write")
    then = workspace.api.get("/tables/past").json()["created_at"]
    workspace.query("INSERT INTO past VALUES (2)", mode="write")
    path = save(workspace, "Past", "FROM past ORDER BY n")
    assert len(workspace.api.get(f"{path}.json").json()) == 2
    assert workspace.api.get(f"{path}.json", params={"as_of": "past:1"}).json() == [{"n": 1}]
    assert workspace.api.get(f"{path}.json", params={"as_of": then}).json() == [{"n": 1}]
    assert refused(workspace.api.get(f"{path}.json", params={"as_of": "past:9"})) == (404, "version_not_found")
    for wrong in ("soon", "past:0", ["past:1", then]):
        assert refused(workspace.api.get(f"{path}.json", params={"as_of": wrong})) == (400, "bad_request")


@pytest.mark.parametrize("format", ["json", "csv", "arrow", "ndjson"])
def test_a_failure_has_its_status_and_shape_in_every_format(workspace: RunningServer, format: str, stock: str):
    path = save(workspace, f"Fails as {format}", "SELECT item::INTEGER AS n FROM stock, range(5000)")
    answer = workspace.api.get(f"{path}.{format}")
    assert refused(answer) == (400, "query_failed")
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
    assert "ETag" not in answer.headers


def test_a_table_that_is_gone_is_named(workspace: RunningServer):
    workspace.query("CREATE TABLE fleeting AS SELECT 1 AS n", mode="write")
    path = save(workspace, "Fleeting", "FROM fleeting")
    workspace.api.delete("/tables/fleeting")
    answer = workspace.api.get(f"{path}.json")
    assert refused(answer) == (400, "table_not_found")
    assert "fleeting" in answer.json()["message"]


def test_who_leaves_ends_the_statement(workspace: RunningServer):
    path = save(workspace, "Endless", ENDLESS)
    with socket.create_connection(("127.0.0.1", workspace.port)) as connection:
        request = f"GET {BASE}{path}.json HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
        connection.sendall(request.encode())

        def mine() -> dict[str, Any] | None:
            items = workspace.api.get("/queries").json()["items"]
            return next((item for item in items if item["sql"] == ENDLESS), None)

        workspace.wait_until(lambda: (found := mine()) and found["state"] == "running")
    workspace.wait_until(lambda: (found := mine()) and found["state"] == "cancelled")


def test_the_description_has_every_address(workspace: RunningServer):
    paths = workspace.api.get("/openapi.json").json()["paths"]
    assert set(paths["/saved-queries/{slug}"]) == {"get", "patch", "delete"}
    endpoint = paths["/q/{slug}.{format}"]
    assert set(endpoint) == {"get", "head"}
    assert {"slug", "format", "as_of", "limit", "params"} <= {one["name"] for one in endpoint["get"]["parameters"]}
