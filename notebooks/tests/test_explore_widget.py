"""The widget: what it says to Python, how little it sends, what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys

import deita_apps
import nbformat
import pytest
import traitlets
from deita_apps import place
from playwright.sync_api import expect

from .conftest import Open, Workspace


@pytest.fixture
def in_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEITA_API", "http://127.0.0.1:8000/user/me/shop/deita/api/v1")
    monkeypatch.setenv("DEITA_WORKSPACE", "shop")


@pytest.mark.usefixtures("in_workspace")
def test_a_widget_knows_its_workspace_by_path() -> None:
    widget = deita_apps.Explore()
    assert widget.api == "/user/me/shop/deita/api/v1"
    assert widget.workspace == "shop"
    assert widget.static == f"/user/me/shop/deita/static/{place.static_version()}/"


@pytest.mark.usefixtures("in_workspace")
def test_a_widgets_state_is_small() -> None:
    assert len(json.dumps(deita_apps.Explore().get_state(), default=str)) < 2500


@pytest.mark.parametrize("address", ["http://evil.example/", "//evil.example/x", "/\\evil.example", "deita/api/v1"])
def test_another_sites_address_is_refused(address: str) -> None:
    widget = deita_apps.Explore()
    with pytest.raises(traitlets.TraitError):
        widget.api = address


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(traitlets.TraitError):
        deita_apps.Explore(mode="shell")


def test_importing_the_app_brings_no_data_library() -> None:
    code = "import sys, deita_apps; print({'pandas', 'pyarrow', 'polars', 'duckdb', 'numpy'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_app_is_there_first_and_the_widget_binds_to_it(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=airlines")
    expect(page.locator("#deita-app[data-bound]")).to_be_visible()
    marks = page.evaluate("Object.fromEntries(performance.getEntriesByType('mark').map((m) => [m.name, m.startTime]))")
    assert marks["deita-ready"] < marks["deita-bound"]
    assert page.locator(".d-shell").count() == 1


def test_in_jupyterlab_the_widget_brings_the_app_and_python_reads_what_was_done(
    airports: Workspace, open_page: Open
) -> None:
    cells = [
        "import deita_apps\napp = deita_apps.Explore(table='airlines')\napp",
        "print('now at', app.table, app.role)",
    ]
    content = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    body = {"type": "notebook", "content": content}
    airports.client.put(f"{airports.base}api/contents/explored.ipynb", json=body).raise_for_status()
    page = open_page(f"{airports.base}lab/tree/explored.ipynb", viewport={"width": 1280, "height": 1000})
    # JupyterLab forgets a cell that is run before its kernel is there
    expect(page.get_by_role("contentinfo").get_by_role("button", name="Python 3 | Idle")).to_be_visible()
    page.locator(".jp-CodeCell .cm-content").first.click()
    page.keyboard.press("Shift+Enter")
    app = page.locator(".d-embedded")
    expect(app.get_by_role("gridcell", name="United Air Lines Inc.")).to_be_visible()
    app.locator("[data-table=planes]").click()
    expect(app.get_by_text("1–100 of 3,322")).to_be_visible()
    page.locator(".jp-CodeCell .cm-content").nth(1).click()
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_text("now at planes owner", exact=True)).to_be_visible()


def test_explore_asks_for_nothing_that_is_not_there(shop: Workspace, open_page: Open) -> None:
    page = open_page("about:blank")
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.on("console", lambda said: missing.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: missing.append(str(error)))
    page.goto(shop.explore)
    page.wait_for_load_state("networkidle")
    expect(page.locator(".d-shell")).to_be_visible()
    assert missing == []
