"""Tables of somebody's PostgreSQL become tables of a workspace, and answers of a kernel: all of Deita takes part."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import deita as client
import httpx
import pyarrow as pa
import pytest
from playwright.async_api import async_playwright, expect

from hub.tests.service.test_pages import CHROMIUM, QUIET
from tests.escape.kernel import execute
from tests.servers.foreign import Foreign

SLOW = "SELECT g, pg_sleep(600) FROM generate_series(1, 2) g"


@pytest.fixture(scope="module")
def slug(me: httpx.Client, foreign: Foreign) -> str:
    """A workspace with the connection `crm`."""
    slug = str(me.post("/workspaces", json={"name": "Imports"}).json()["slug"])
    assert me.post(f"/workspaces/{slug}/connections", json={"name": "crm", **foreign.connection}).status_code == 201
    return slug


@pytest.fixture(scope="module")
def api(me: httpx.Client, slug: str, open_server: Callable[[str], dict[str, Any]]) -> Iterator[httpx.Client]:
    """Its data plane."""
    base = open_server(slug)["server"]["api"]
    with httpx.Client(base_url=base, headers=me.headers, timeout=120, trust_env=False) as client:
        yield client


def imported(api: httpx.Client, **body: Any) -> dict[str, Any]:
    begun = api.post("/imports", json=body)
    assert begun.status_code == 202, begun.text
    path = f"/imports/{begun.json()['id']}"
    found: dict[str, Any] = api.get(path, params={"wait_ms": 110_000}).json()
    return found


def rows(api: httpx.Client, sql: str) -> list[list[Any]]:
    answer = api.post("/queries", json={"sql": sql, "wait_ms": 60_000}).json()
    assert answer.get("state") == "done", answer
    return list(answer["rows"])


def test_a_table_is_imported_with_its_origin_and_every_version_can_be_replayed(
    api: httpx.Client, foreign: Foreign
) -> None:
    done = imported(api, source={"connection": "crm", "table": "orders"})
    assert (done["state"], done["table"], done["rows"], done["progress"]) == ("done", "orders", 5000, 1.0), done[
        "error"
    ]
    assert done["file"] == "crm.orders.parquet" and len(done["sha256"]) == 64
    source = done["recipe"]["source"]
    assert {"kind": "postgres", "connection": "crm", "table": "orders", "rows": 5000}.items() <= source.items()
    assert source["read_at"] and source["snapshot"] and source["columns"][2]["type"] == "numeric(10,2)"
    assert rows(api, "SELECT count(*), sum(amount), min(placed) FROM orders")[0][:2] == [5000, "15628125.00"]
    foreign.run("INSERT INTO orders VALUES (5001, now(), 1, 'new')")
    try:
        again = imported(api, source={"connection": "crm", "table": "orders"}, table="orders", mode="replace")
    finally:
        foreign.run("DELETE FROM orders WHERE id = 5001")
    assert (again["version"], again["rows"]) == (2, 5001) and again["sha256"] != done["sha256"]
    versions = api.get("/tables/orders/versions").json()["items"]
    assert [version["source"]["recipe"]["source"]["rows"] for version in versions] == [5001, 5000]
    replayed = {"file": done["file"], "sha256": done["sha256"], "recipe": done["recipe"], "table": "orders"}
    third = imported(api, **replayed, mode="replace")
    assert (third["state"], third["rows"], third["recipe"]["source"]) == ("done", 5000, source), third["error"]
    assert api.get("/tables/orders").json()["source"]["recipe"]["source"] == source


def test_a_query_is_imported_and_what_nobody_read_cannot_be_claimed(api: httpx.Client) -> None:
    query = {"connection": "crm", "query": "SELECT * FROM kinds WHERE i2 = %(n)s", "params": {"n": 1}}
    done = imported(api, source=query, table="kinds", confirm=False)
    assert (done["state"], done["rows"]) == ("done", 1), done["error"]
    assert {"query": query["query"], "params": {"n": 1}}.items() <= done["recipe"]["source"].items()
    kinds = {column["name"]: column["type"] for column in api.get("/tables/kinds").json()["columns"]}
    expected = {"u": "UUID", "exact": "DECIMAL(20,4)", "free": "DECIMAL(10,7)", "tz": "TIMESTAMP WITH TIME ZONE"}
    assert expected.items() <= kinds.items()
    shown = rows(api, "SELECT i8, exact, free, raw, t, a FROM kinds")[0]
    assert shown == [str(2**63 - 1), "1234567890123456.1234", "123.4567890", "3q2+7w==", "", "[1,null,3]"]
    api.put("/files/own.parquet", content=api.get(f"/files/{done['file']}").content)
    forged = {**done["recipe"], "source": {**done["recipe"]["source"], "connection": "other"}}
    refused = api.post("/imports", json={"file": "own.parquet", "recipe": forged})
    assert (refused.status_code, refused.json()["code"]) == (400, "bad_recipe")


@pytest.mark.parametrize(
    ("source", "code", "status"),
    [
        ({"connection": "crm", "table": "salaries"}, "connection_denied", 422),
        ({"connection": "crm", "table": "nowhere"}, "connection_table_not_found", 404),
        ({"connection": "crm", "query": "DELETE FROM orders RETURNING id"}, "connection_read_only", 422),
        ({"connection": "nowhere", "table": "orders"}, "connection_not_found", 404),
    ],
)
def test_an_import_that_cannot_be_says_why(api: httpx.Client, source: dict[str, Any], code: str, status: int) -> None:
    failed = imported(api, source=source, table="never")
    assert (failed["state"], failed["error"]["code"], failed["error"]["status"]) == ("failed", code, status)
    assert api.get("/tables/never").status_code == 404
    for body in ({}, {"file": "x", "source": source}, {"source": {"connection": "crm"}}):
        assert api.post("/imports", json=body).json()["code"] == "bad_request"


def test_a_cancelled_import_ends_its_statement_at_the_database(
    api: httpx.Client, foreign: Foreign, until: Callable[..., Any]
) -> None:
    begun = api.post("/imports", json={"source": {"connection": "crm", "query": SLOW}, "table": "slow"}).json()
    until(foreign.running, 60, "the statement runs")
    assert api.delete(f"/imports/{begun['id']}").json()["state"] == "cancelled"
    until(lambda: not foreign.running(), 60, "the statement was cancelled")


def test_an_import_whose_server_stops_ends_at_the_database_and_says_so(
    api: httpx.Client, me: httpx.Client, slug: str, foreign: Foreign, until: Callable[..., Any], open_server: Any
) -> None:
    begun = api.post("/imports", json={"source": {"connection": "crm", "query": SLOW}, "table": "stopped"}).json()
    until(foreign.running, 60, "the statement runs")
    me.post(f"/workspaces/{slug}/stop")
    until(lambda: not foreign.running(), 60, "the statement was cancelled")
    until(lambda: me.get(f"/workspaces/{slug}").json()["server"]["state"] == "stopped", 60, "the server stopped")
    open_server(slug)
    ended = api.get(f"/imports/{begun['id']}").json()
    assert (ended["state"], ended["error"]["code"]) == ("failed", "interrupted")


def test_rows_are_read_without_a_table_and_who_leaves_cancels_them(
    api: httpx.Client, foreign: Foreign, until: Callable[..., Any]
) -> None:
    assert [each["name"] for each in api.get("/connections").json()["items"]] == ["crm"]
    assert "orders" in [each["name"] for each in api.get("/connections/crm/tables").json()["items"]]
    shown = api.post("/connections/crm/sample", json={"table": "orders", "limit": 1}).json()
    assert shown["rows"][0][0] == "1"
    answer = api.post("/connections/crm/query", json={"table": "orders", "limit": 10})
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert pa.ipc.open_stream(answer.content).read_all().num_rows == 10
    late = api.post("/connections/crm/query", json={"query": "SELECT pg_sleep(60)", "timeout_ms": 1000})
    assert (late.status_code, late.json()["code"]) == (408, "connection_timeout")
    with pytest.raises(httpx.ReadTimeout):
        api.post("/connections/crm/query", json={"query": SLOW}, timeout=5)
    until(lambda: not foreign.running(), 60, "the statement was cancelled")


def test_python_reads_and_imports_from_outside_and_in_a_kernel(
    api: httpx.Client, deita: Any, tokens: dict[str, str], slug: str
) -> None:
    ws = client.connect(deita.url, token=tokens["me"], workspace=slug)
    crm = ws.connect_postgres("crm")
    assert "orders" in [table.name for table in crm.tables()] and "password" not in repr(crm)
    found = crm.sql("SELECT id, amount, placed FROM orders WHERE id <= %(most)s ORDER BY id", most=3)
    assert (found.row_count, list(found.df()["amount"]), found.pl().shape) == (3, [1.25, 2.5, 3.75], (3, 3))
    assert "3 rows" in repr(found) and "<table" in found._repr_html_()
    assert crm.table("late", limit=5).arrow().num_rows == 5
    done = crm.import_query("SELECT * FROM orders WHERE id > %(n)s", params={"n": 4990}, table="last", mode="replace")
    assert (done.rows, done.recipe["source"]["connection"]) == (10, "crm")
    assert crm.import_table("late", table="late").rows == 1000
    assert ws.reimport("late", columns={"id": "VARCHAR"}).recipe["source"]["table"] == "late"
    for query, code in (("DELETE FROM orders", "connection_read_only"), ("SELECT * FROM nowhere", None)):
        with pytest.raises(client.DeitaError) as refused:
            crm.sql(query)
        assert refused.value.code == (code or "connection_table_not_found")
    with pytest.raises(client.DeitaError, match="no connection nowhere"):
        ws.connect_postgres("nowhere")
    code = "import deita\ncrm = deita.workspace().connect_postgres('crm')\n"
    code += "assert crm.sql('SELECT count(*) AS n FROM orders').df().n[0] == 5000"
    with httpx.Client(headers=api.headers, timeout=120, trust_env=False) as browser:
        reply = execute(browser, str(api.base_url).removesuffix("deita/api/v1/"), code)
    assert reply["status"] == "ok", reply


async def test_explore_reads_a_table_from_a_database(api: httpx.Client, deita: Any, slug: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(deita.cli("user", "link", "me").stdout.strip())
        await page.goto(f"{deita.url}/user/me/{slug}/apps/explore", timeout=90_000)
        await page.get_by_role("button", name="From a database…").click(timeout=90_000)
        dialog = page.get_by_role("dialog", name="From a database")
        await expect(dialog.get_by_role("button", name="late")).to_be_visible(timeout=90_000)
        await dialog.get_by_label("Find a table").fill("ORD")
        await expect(dialog.get_by_role("button", name="late")).to_be_hidden()
        await dialog.get_by_role("button", name="orders about 5,000 rows").click(timeout=60_000)
        rows = dialog.get_by_role("region", name="First rows")
        await expect(rows.locator("tbody tr").nth(1)).to_contain_text("customer 2", timeout=60_000)
        await dialog.get_by_label("Query").fill("SELECT * FROM salaries")
        await dialog.get_by_role("button", name="Look").click()
        await expect(dialog.get_by_role("alert")).to_contain_text("may not read this", timeout=60_000)
        await dialog.get_by_label("Query").fill("SELECT * FROM orders WHERE id <= 7")
        await dialog.get_by_role("button", name="Look").click()
        await dialog.get_by_label("Name of the table").fill("seen", timeout=60_000)
        if folder := os.environ.get("DEITA_SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/foreign.png")
        await dialog.get_by_role("button", name="Import").click()
        await expect(page.get_by_role("status").filter(has_text="seen: 7 rows")).to_be_visible(timeout=90_000)
        await page.get_by_role("button", name="Read again").click()
        read_again = page.get_by_role("status").filter(has_text="v2")
        await expect(read_again).to_be_visible(timeout=90_000)
        if folder := os.environ.get("DEITA_SCREENSHOTS"):
            await page.screenshot(path=f"{folder}/read-again.png")
        source = api.get("/tables/seen").json()["source"]["recipe"]["source"]
        assert (source["connection"], source["query"]) == ("crm", "SELECT * FROM orders WHERE id <= 7")
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_label("Version 3, see all versions")).to_be_visible(timeout=60_000)
        await browser.close()
        assert errors == []
    assert [each["operation"] for each in api.get("/tables/seen/versions").json()["items"]] == [
        "restore",
        "replace",
        "create",
    ]


def test_viewers_see_nothing_and_the_password_is_in_no_server(
    api: httpx.Client, deita: Any, tokens: dict[str, str], me: httpx.Client, slug: str, foreign: Foreign, until: Any
) -> None:
    secret = foreign.password.encode()
    for process in deita.processes():
        assert foreign.password not in json.dumps([process.cmdline(), process.environ()])
    files = [path for path in Path(deita.home).rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if secret in path.read_bytes()]
    me.post(f"/workspaces/{slug}/members", json={"person": "vic", "role": "viewer"})
    with deita.client(tokens["vic"]) as vic:
        vic.post(f"/workspaces/{slug}/start")
        ready = lambda: (found := vic.get(f"/workspaces/{slug}").json()["server"])["state"] == "ready" and found  # noqa: E731
        base = until(ready, 90, "the dashboard server")["api"]
        for method, path in (("GET", "/connections"), ("POST", "/connections/crm/query"), ("POST", "/imports")):
            answer = httpx.request(method, base + path, headers=vic.headers, json={"table": "orders"}, trust_env=False)
            assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
