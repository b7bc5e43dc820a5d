"""The Deita SQL kernel, for real: started from its kernelspec, driven over its sockets."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import deita
from ipykernel.kernelspec import write_kernel_spec

from .conftest import Kernel, running

if TYPE_CHECKING:
    from kernels.conftest import DataPlane

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 11"


def newest_query(ws: deita.Workspace) -> dict[str, object]:
    found: dict[str, object] = ws.transport.get("queries", {"limit": 1})["items"][0]
    return found


def test_a_cell_is_sql(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("SELECT 1 AS one, 'a<b>' AS html, NULL AS nothing")
    assert cell.status == "ok"
    (bundle,) = cell.bundles
    assert bundle["text/plain"].splitlines()[2].split() == ["1", "a<b>", "null"]
    assert "a&lt;b&gt;" in bundle["text/html"] and "<script" not in bundle["text/html"]
    assert "1 row · " in bundle["text/plain"]


def test_an_empty_cell_and_one_of_comments_are_fine(sql_kernel: Kernel) -> None:
    for code in ("", "  \n", "-- later; perhaps"):
        cell = sql_kernel.run(code)
        assert (cell.status, cell.outputs) == ("ok", [])


def test_a_cell_runs_all_its_statements_and_shows_each_result(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run(
        "CREATE TABLE pets (name VARCHAR, age INTEGER);\n"
        "INSERT INTO pets VALUES ('Rex; the dog', 3), ('Tom', 5); -- two; of them\n"
        "SELECT name FROM pets ORDER BY age"
    )
    assert cell.status == "ok"
    created, inserted, selected = cell.bundles
    assert "text/html" not in created and "2 rows inserted" in inserted["text/plain"]
    assert "Rex; the dog" in selected["text/plain"]


def test_undo_takes_back_one_write_after_another(sql_kernel: Kernel) -> None:
    sql_kernel.run("CREATE TABLE regretted AS SELECT 1 AS a; INSERT INTO regretted VALUES (2); DELETE FROM regretted")
    merge = "MERGE INTO regretted USING (SELECT 5 AS a) AS s USING (a) WHEN NOT MATCHED THEN INSERT"
    told = sql_kernel.run(f"{merge};\n%undo\n%undo\nSELECT sum(a) AS s FROM regretted").bundles
    merged, first, second, rows = [bundle["text/plain"] for bundle in told]
    assert merged.startswith("1 row inserted · regretted version 4 · ")
    assert first.startswith("regretted is again as it was before version 4")
    assert second.startswith("regretted is again as it was before version 3") and "3" in rows.splitlines()[2]


def test_undo_without_anything_to_take_back_says_so(data_plane: DataPlane) -> None:
    with running("deita-sql", data_plane) as kernel:
        cell = kernel.run("DROP TABLE IF EXISTS never_there;\n%undo")
    assert cell.reply["ename"] == "nothing_to_undo" and cell.bundles[0]["text/plain"] == cell.text.splitlines()[0]
    assert cell.text.startswith("Nothing changed · never_there · ")


def test_what_changes_no_rows_is_simply_done(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("CREATE TABLE brief (a INTEGER); ALTER TABLE brief ADD COLUMN b INTEGER; DROP TABLE brief")
    assert [bundle["text/plain"].split(" · ")[0] for bundle in cell.bundles] == [
        "brief created",
        "brief altered",
        "brief dropped",
    ]


def test_a_plan_is_shown_whole(sql_kernel: Kernel) -> None:
    (bundle,) = sql_kernel.run("EXPLAIN SELECT sum(range) FROM range(10)").bundles
    assert "└──" in bundle["text/plain"] and "<pre" in bundle["text/html"]


def test_a_long_result_leaves_twenty_rows_and_a_way_to_the_rest(sql_kernel: Kernel, near: deita.Workspace) -> None:
    (bundle,) = sql_kernel.run("SELECT 'row ' || range AS r FROM range(12345)").bundles
    html = bundle["text/html"]
    assert html.count("<tr>") == 21 and "row 19" in html and "row 20" not in html
    assert "12,345 rows, the first 20 shown" in html
    script = html[html.index("<script>") :]
    api, query_id, count = json.loads("[" + script.split("(document.currentScript,")[1].split(")</script>")[0] + "]")
    assert api.endswith("/deita/api/v1") and not api.startswith("http") and count == 12345
    page = near.transport.get(f"queries/{query_id}/results", {"limit": 20})
    page = near.transport.get(f"queries/{query_id}/results", {"limit": 20, "cursor": page["next"]})
    assert page["rows"][0] == ["row 20"]


def test_an_output_is_small(sql_kernel: Kernel, flights: deita.Table) -> None:
    (bundle,) = sql_kernel.run("FROM flights").bundles
    html = bundle["text/html"]
    assert len(html[html.index("<script>") :]) < 700
    assert len(json.dumps(bundle)) < 24_000  # 20 rows × 19 columns, as HTML and as text


def test_an_error_points_at_its_place_in_the_cell(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("SELECT 1;\n\n  SELECT 2 two three;\nSELECT 3")
    assert cell.status == "error" and cell.reply["ename"] == "query_syntax"
    assert len(cell.bundles) == 1
    line, caret = cell.error[1:3]
    assert line == "line 3:   SELECT 2 two three;" and line[caret.index("^") :].startswith("three")
    assert cell.error[-1] == "The statement before it ran." and "Traceback" not in cell.text


def test_an_unknown_table_is_told_with_its_place(sql_kernel: Kernel) -> None:
    cell = sql_kernel.run("SELECT *\nFROM nowhere")
    assert cell.status == "error" and "nowhere" in cell.error[0] and "^" in cell.text


def test_stop_cancels_the_query_at_once_and_the_kernel_lives(sql_kernel: Kernel, near: deita.Workspace) -> None:
    message = sql_kernel.begin(ENDLESS)
    while not (newest_query(near)["sql"] == ENDLESS and newest_query(near)["state"] == "running"):
        assert sql_kernel.manager.is_alive()
    begun = time.monotonic()
    sql_kernel.manager.interrupt_kernel()
    reply = sql_kernel.end(message)
    assert time.monotonic() - begun < 3
    assert (reply["status"], reply["ename"]) == ("error", "Cancelled")
    assert newest_query(near)["state"] == "cancelled"
    assert "7" in sql_kernel.run("SELECT 7 AS seven").text


def test_tables_columns_and_keywords_are_completed(sql_kernel: Kernel, flights: deita.Table) -> None:
    reply = sql_kernel.ask(sql_kernel.client.complete, "SELECT * FROM fli", 17)
    assert "flights" in reply["matches"] and (reply["cursor_start"], reply["cursor_end"]) == (14, 17)
    reply = sql_kernel.ask(sql_kernel.client.complete, "SELECT dep_d FROM flights", 12)
    assert "dep_delay" in reply["matches"]
    typed = {item["text"]: item["type"] for item in reply["metadata"]["_jupyter_types_experimental"]}
    assert typed["dep_delay"] == "column"
    reply = sql_kernel.ask(sql_kernel.client.complete, "SEL", 3)
    assert "SELECT" in [match.upper() for match in reply["matches"]]


def test_inspecting_a_table_shows_what_its_columns_hold(
    sql_kernel: Kernel, flights: deita.Table, near: deita.Workspace
) -> None:
    near.table("flights").profile()  # kept from now on, so that a glance is enough
    reply = sql_kernel.ask(sql_kernel.client.inspect, "SELECT * FROM flights", 17)
    text = reply["data"]["text/plain"]
    assert reply["found"] and "336,776 rows · version 1 · from flights.csv" in text
    (line,) = [line for line in text.splitlines() if line.startswith("dep_delay")]
    assert "2.5%" in line and "1301" in line and any(block in line for block in "▂▃▄▅▆▇█")
    assert not sql_kernel.ask(sql_kernel.client.inspect, "SELECT * FROM flights", 3)["found"]


def test_inspecting_a_named_result_or_a_function_tells_what_it_is(sql_kernel: Kernel) -> None:
    sql_kernel.run("-- @name glanced\nSELECT range AS n FROM range(30)")
    text = sql_kernel.ask(sql_kernel.client.inspect, "FROM Glanced", 8)["data"]["text/plain"]
    assert "glanced · result of 30 rows" in text and "BIGINT" in text
    text = sql_kernel.ask(sql_kernel.client.inspect, "SELECT date_trunc('day', x)", 12)["data"]["text/plain"]
    assert text.startswith("date_trunc(part ")


def test_a_long_query_says_how_far_it_is_and_its_result_takes_the_place(sql_kernel: Kernel) -> None:
    seen: list[dict[str, Any]] = []
    sql = "SELECT count(*) AS n FROM range(20000) a, range(20000) b WHERE a.range * b.range % 7 = 1"
    reply = sql_kernel.client.execute_interactive(sql, timeout=120, output_hook=lambda message: seen.append(message))
    assert reply["content"]["status"] == "ok"
    shown = [message for message in seen if message["msg_type"] in ("display_data", "update_display_data")]
    texts = [message["content"]["data"]["text/plain"] for message in shown]
    assert texts[0].startswith(("Running · ", "Waiting")) and "1 row" in texts[-1]
    assert len({message["content"]["transient"]["display_id"] for message in shown}) == 1
    assert not [message for message in seen if message["msg_type"] == "execute_result"]


def test_a_console_knows_when_a_statement_is_complete(sql_kernel: Kernel) -> None:
    for code, status in {
        "SELECT 1;": "complete",
        "SELECT 1": "incomplete",
        "SELECT 1\n": "complete",
        "SELECT '": "incomplete",
        "": "complete",
    }.items():
        assert sql_kernel.ask(sql_kernel.client.is_complete, code)["status"] == status, code


def test_it_says_what_it_is(sql_kernel: Kernel) -> None:
    info = sql_kernel.ask(sql_kernel.client.kernel_info)
    assert info["implementation"] == "deita-sql" and "a cell is SQL" in info["banner"]
    assert (info["language_info"]["name"], info["language_info"]["mimetype"]) == ("sql", "text/x-sql")


def test_what_one_kernel_makes_others_see(sql_kernel: Kernel, python_kernel: Kernel, data_plane: DataPlane) -> None:
    sql_kernel.run("CREATE TABLE shared AS SELECT 42 AS answer")
    with running("deita-sql", data_plane) as other:
        assert "42" in other.run("SELECT answer FROM shared").text
    cell = python_kernel.run("import deita; deita.workspace().sql('SELECT answer FROM shared').df()['answer'].tolist()")
    assert cell.text == "[42]"


def test_without_its_server_it_says_what_to_do(data_plane: DataPlane) -> None:
    gone = replace(data_plane, url="http://127.0.0.1:9")
    with running("deita-sql", gone) as kernel:
        cell = kernel.run("SELECT 1")
    assert cell.status == "error" and "Open the workspace again" in cell.text and len(cell.error) == 2


def test_it_takes_little_more_memory_than_a_bare_ipykernel(
    sql_kernel: Kernel, data_plane: DataPlane, tmp_path: Path
) -> None:
    write_kernel_spec(tmp_path / "bare")
    sql_kernel.run("SELECT * FROM range(1000)")
    with running("bare", data_plane, str(tmp_path)) as bare:
        bare.run("1")
        assert sql_kernel.memory() <= bare.memory() + 15 * 2**20
