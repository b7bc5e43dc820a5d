from __future__ import annotations

from typing import Any

import pytest

from ...workspace_server import RunningServer, Starter

pytestmark = pytest.mark.backends

Arrows = set[tuple[str, str]]


@pytest.fixture(scope="module")
def server(start_server: Starter) -> RunningServer:
    return start_server()


def write(server: RunningServer, sql: str) -> str:
    answer = server.query(sql, mode="write").json()
    assert answer.get("state") == "done", answer
    return answer["id"]


def load(server: RunningServer, name: str, content: bytes, **body: Any) -> None:
    server.put(name, content, replace=1).raise_for_status()
    assert server.import_file(name, **body)["state"] == "done"


def lineage(server: RunningServer, table: str, **params: Any) -> dict[str, Any]:
    answer = server.api.get(f"/tables/{table}/lineage", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def arrows(graph: dict[str, Any]) -> Arrows:
    """The edges, each node as `kind name` with a table's version."""

    def told(node: dict[str, Any]) -> str:
        version = f" v{node['version']}" if node["kind"] in ("table", "view") else ""
        return f"{node['kind']} {node['name']}{version}"

    names = {node["id"]: told(node) for node in graph["nodes"]}
    return {(names[edge["from"]], names[edge["to"]]) for edge in graph["edges"]}


def test_a_table_is_followed_up_to_its_files_and_down_to_what_was_made_of_it(server: RunningServer):
    load(server, "orders.csv", b"n\n1\n", table="orders")
    load(server, "more.csv", b"n\n2\n", table="orders", mode="append")
    make = "CREATE TABLE totals AS SELECT sum(n) AS n FROM orders"
    write(server, make)
    again = "CREATE TABLE doubled AS SELECT 2 * n AS n FROM totals"
    write(server, again)
    up = lineage(server, "doubled")
    whole = {
        ("file orders.csv", "import orders.csv"),
        ("import orders.csv", "table orders v1"),
        ("file more.csv", "import more.csv"),
        ("import more.csv", "table orders v2"),
        ("table orders v1", "table orders v2"),
        ("table orders v2", f"query {make}"),
        (f"query {make}", "table totals v1"),
        ("table totals v1", f"query {again}"),
        (f"query {again}", "table doubled v1"),
    }
    assert arrows(up) == whole
    assert (up["of"], up["truncated"]) == (next(n["id"] for n in up["nodes"] if n["name"] == "doubled"), False)
    assert arrows(lineage(server, "orders", version=1)) == {
        edge for edge in whole if "more.csv" not in edge[0] and "more.csv" not in edge[1]
    }


def test_only_the_version_that_was_read_has_something_below_it(server: RunningServer):
    load(server, "paper.csv", b"n\n1\n", table="paper")
    write(server, "CREATE TABLE from_paper AS FROM paper")
    load(server, "paper.csv", b"n\n2\n", table="paper", mode="replace")
    below = {node["name"] for node in lineage(server, "paper", version=1)["nodes"]}
    assert "from_paper" in below
    assert {node["kind"] for node in lineage(server, "paper")["nodes"]} == {"file", "import", "table"}


def test_views_hang_below_every_version_and_stand_beside_their_tables_above(server: RunningServer):
    write(server, "CREATE TABLE ground AS SELECT 1 AS n")
    write(server, "CREATE VIEW roof AS FROM ground")
    write(server, "INSERT INTO ground VALUES (2)")
    write(server, "CREATE TABLE house AS FROM roof")
    for version in (1, 2):
        assert ("query CREATE VIEW roof AS FROM ground", "view roof v1") in arrows(
            lineage(server, "ground", version=version)
        )
    up = arrows(lineage(server, "house"))
    assert {("view roof v1", "query CREATE TABLE house AS FROM roof"),
            ("table ground v2", "query CREATE TABLE house AS FROM roof")} <= up  # fmt: skip
    assert ("table ground v2", "query CREATE VIEW roof AS FROM ground") in arrows(lineage(server, "roof"))


def test_a_restored_version_comes_from_the_one_that_was_restored(server: RunningServer):
    load(server, "ink.csv", b"n\n1\n", table="ink")
    write(server, "DELETE FROM ink")
    server.api.post("/tables/ink/restore", json={"version": 1}).raise_for_status()
    graph = arrows(lineage(server, "ink"))
    assert graph == {
        ("file ink.csv", "import ink.csv"),
        ("import ink.csv", "table ink v1"),
        ("table ink v1", "table ink v3"),
    }
    assert ("table ink v1", "table ink v3") in arrows(lineage(server, "ink", version=1))


def test_saved_queries_that_read_the_table_are_below_it(server: RunningServer):
    write(server, "CREATE TABLE pens AS SELECT 1 AS n")
    saved = server.api.post("/saved-queries", json={"name": "All pens", "sql": "SELECT * FROM pens"})
    assert saved.status_code in (200, 201), saved.text
    assert ("table pens v1", f"saved_query {saved.json()['slug']}") in arrows(lineage(server, "pens"))


def test_depth_and_size_have_limits_that_are_told(server: RunningServer):
    write(server, "CREATE TABLE deep AS SELECT 1 AS n")
    for number in range(4):
        write(server, f"INSERT INTO deep VALUES ({number})")
    shallow = lineage(server, "deep", depth=2)
    assert shallow["truncated"] and len([node for node in shallow["nodes"] if node["kind"] == "table"]) == 3
    assert not lineage(server, "deep", depth=5)["truncated"]


def test_a_graph_holds_no_more_nodes_than_its_limit():
    from deita_server.services.lineage.graph import LARGEST, Graph
    from deita_server.services.lineage.models import Node

    graph = Graph()
    start = Node(id="start", kind="table", name="start")
    graph.add(start)

    def step(place: int) -> list[int]:
        added = graph.add(start, Node(id=str(place), kind="table", name=str(place)))
        return [2 * place, 2 * place + 1] if added else []

    graph.walk(1, step, str, 50)
    found = graph.lineage(start)
    assert (len(found.nodes), found.truncated) == (LARGEST, True)


def test_every_member_sees_it_and_a_missing_table_is_a_404(start_server: Starter, server: RunningServer):
    write(server, "CREATE TABLE shared_pens AS SELECT 1 AS n")
    other = start_server(storage=server.storage, person="bob", role="viewer")
    assert lineage(other, "shared_pens")["nodes"]
    missing = {"none": "table_not_found", "shared_pens": "version_not_found"}
    for table, code in missing.items():
        answer = other.api.get(f"/tables/{table}/lineage", params={"version": 9})
        assert (answer.status_code, answer.json()["code"]) == (404, code)
