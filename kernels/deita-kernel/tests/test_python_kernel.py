"""The Python 3 kernel, for real: the client and JupySQL's magics, connected to the workspace."""

from __future__ import annotations

import deita
import pytest

from .conftest import Kernel


def test_it_starts_without_loading_jupysql(python_kernel: Kernel) -> None:
    cell = python_kernel.run(
        "import sys; [name for name in ('sql', 'sqlalchemy', 'pandas', 'pyarrow') if name in sys.modules]"
    )
    assert cell.text == "[]"


def test_the_workspace_is_one_import_away(python_kernel: Kernel, flights: deita.Table) -> None:
    cell = python_kernel.run(
        "import deita\n"
        "ws = deita.workspace()\n"
        "ws.sql('SELECT carrier, count(*) AS n FROM flights GROUP BY ALL ORDER BY n DESC LIMIT 2').df().values.tolist()"
    )
    assert cell.text == "[['UA', 58665], ['B6', 54635]]"


def test_sql_magics_are_connected(python_kernel: Kernel, flights: deita.Table) -> None:
    cell = python_kernel.run("%%sql\nSELECT origin, count(*) AS n FROM flights GROUP BY ALL ORDER BY n DESC")
    assert cell.status == "ok" and len(cell.outputs) == 1, cell.text
    assert cell.text.splitlines()[2].split() == ["EWR", "120835"]
    assert "3 rows · " in cell.text


def test_ten_rows_are_shown_with_the_count_of_all(python_kernel: Kernel) -> None:
    cell = python_kernel.run("%sql SELECT range FROM range(500)")
    assert "500 rows, the first 10 shown" in cell.text
    assert cell.bundles[0]["text/html"].count("<tr>") == 11


def test_values_never_become_html(python_kernel: Kernel) -> None:
    cell = python_kernel.run("%sql SELECT '<script>alert(1)</script>' AS \"<b>\", 'http://x' || '\" onclick=\"x' AS u")
    html = cell.bundles[0]["text/html"]
    assert "<script" not in html and "<b>" not in html and 'onclick="' not in html


def test_a_magics_result_becomes_a_frame_with_its_types(python_kernel: Kernel) -> None:
    cell = python_kernel.run(
        "r = %sql SELECT 1 AS i, 1.5::DECIMAL(3, 1) AS d, DATE '2013-01-01' AS day\n"
        "[str(kind) for kind in r.DataFrame().dtypes][:2]"
    )
    assert cell.text == "['int32', 'float64']"


def test_saved_snippets_and_jinja_work(python_kernel: Kernel) -> None:
    python_kernel.run("%%sql --save evens --no-execute\nSELECT range AS n FROM range(10) WHERE range % 2 = 0")
    assert (
        python_kernel.run("%%sql --with evens\nSELECT sum(n) AS total FROM evens").text.splitlines()[-2].strip() == "20"
    )
    python_kernel.run("top = 3")
    assert "3 rows" in python_kernel.run("%%sql\nSELECT * FROM range({{top}})").text


def test_writing_and_keeping_a_result_work(python_kernel: Kernel, near: deita.Workspace) -> None:
    assert "4 rows" in python_kernel.run("%%sql\nCREATE TABLE squares AS SELECT range ** 2 AS s FROM range(4)").text
    assert near.table("squares").rows == 4
    assert "Nothing changed" in python_kernel.run("%sql DROP TABLE IF EXISTS never_there").text
    python_kernel.run("%%sql kept <<\nSELECT max(s) AS m FROM squares")
    assert python_kernel.run("kept[0][0]").text == "9.0"


def test_a_frame_is_persisted_as_a_table(python_kernel: Kernel, near: deita.Workspace) -> None:
    cell = python_kernel.run("import pandas\nframe = pandas.DataFrame({'a': [1, 2]})\n%sql --persist --no-index frame")
    assert cell.status == "ok", cell.text
    assert near.table("frame").df()["a"].tolist() == [1, 2]


@pytest.mark.parametrize(
    "plot",
    [
        "histogram --table delays --column dep_delay --bins 20",
        "boxplot --table delays --column dep_delay",
        "boxplot --table delays --column dep_delay arr_delay --orient h",
    ],
)
def test_plots_are_drawn_by_the_engine(python_kernel: Kernel, flights: deita.Table, plot: str) -> None:
    python_kernel.run("%%sql --save delays --no-execute\nSELECT dep_delay, arr_delay FROM flights WHERE month = 1")
    cell = python_kernel.run(f"%sqlplot {plot}")
    assert cell.status == "ok", cell.text
    assert any("image/png" in bundle for bundle in cell.bundles)


def test_an_error_is_the_data_planes_words_without_a_python_stack(python_kernel: Kernel) -> None:
    cell = python_kernel.run("%%sql\nSELECT dep_delayed FROM flights")
    assert cell.status == "error" and cell.error == []
    assert cell.text.startswith("SQL error: ") and "^" in cell.text
    assert "snippets" not in cell.text and "Traceback" not in cell.text


def test_notebooks_that_load_jupysql_themselves_find_it_loaded(python_kernel: Kernel) -> None:
    assert "already loaded" in python_kernel.run("%load_ext sql").text
    assert "8" in python_kernel.run("%sql SELECT 8 AS eight").text


def test_nothing_calls_home(python_kernel: Kernel) -> None:
    cell = python_kernel.run("import os, sys; os.environ['PLOOMBER_STATS_ENABLED'], 'posthog' in sys.modules")
    assert cell.text == "('false', False)"


def test_stop_cancels_a_magics_query(python_kernel: Kernel, near: deita.Workspace) -> None:
    endless = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = 13"
    message = python_kernel.begin(f"%sql {endless}")

    def newest() -> dict[str, object]:
        found: dict[str, object] = near.transport.get("queries", {"limit": 1})["items"][0]
        return found

    while not (newest()["sql"] == endless and newest()["state"] == "running"):
        assert python_kernel.manager.is_alive()
    python_kernel.manager.interrupt_kernel()
    assert python_kernel.end(message)["ename"] == "KeyboardInterrupt"
    assert newest()["state"] == "cancelled"


def test_a_result_is_drawn_by_a_magic(python_kernel: Kernel) -> None:
    python_kernel.run(
        "import deita; ws = deita.workspace(); by_year = ws.sql('SELECT 2020 + range AS y FROM range(4)')"
    )
    cell = python_kernel.run("%chart bar x=y by_year")
    assert cell.status == "ok" and "<svg" in cell.bundles[0]["text/html"]
    assert "nothing is no result" in python_kernel.run("%chart bar x=y nothing").text
    assert "x=" in python_kernel.run("%chart bar").text


def test_named_parameters_are_bound_from_variables(python_kernel: Kernel) -> None:
    cell = python_kernel.run(
        "%config SqlMagic.named_parameters = 'enabled'\nwho = \"O'Hara\"\n%sql SELECT :who AS name"
    )
    python_kernel.run("%config SqlMagic.named_parameters = 'warn'")
    assert cell.status == "ok" and "O'Hara" in cell.text
