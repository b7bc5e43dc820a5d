"""The side panel "Workspace" in a real JupyterLab: what it shows, and where it leads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from .conftest import Open, Workspace


@pytest.fixture(scope="module")
def harbour(make_workspace: Callable[[str], Workspace], tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one table, and a column whose name needs quotes."""
    workspace = make_workspace("harbour")
    ships = tmp_path_factory.mktemp("ships") / "ships.csv"
    ships.write_text("id,name\n1,Anna\n2,Bertha\n")
    workspace.load(ships)
    workspace.write('alter table ships rename column name to "Home Port"')
    return workspace


@pytest.fixture
def lab(harbour: Workspace, open_page: Open) -> Page:
    """JupyterLab with the panel in front."""
    page = open_page("about:blank")
    show_panel(page, harbour)
    expect(row(page, "ships, table")).to_be_visible()
    return page


def show_panel(page: Page, workspace: Workspace) -> None:
    page.goto(f"{workspace.base}lab?reset")
    expect(page.locator(".jp-Launcher")).to_be_focused()  # the last thing that JupyterLab does while it starts
    page.get_by_role("tab", name="Workspace").click()


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("treeitem", name=name)


def cell(page: Page) -> Locator:
    return page.locator(".jp-Notebook .jp-CodeCell .cm-content").first


def test_keys_lead_through_tables_and_columns_to_the_rows(harbour: Workspace, lab: Page) -> None:
    lab.get_by_label("Filter tables, columns and files").press("ArrowDown")
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowDown"):
        lab.keyboard.press(key)
    expect(row(lab, "Home Port, column, text")).to_be_focused()
    lab.keyboard.press("ArrowLeft")
    lab.keyboard.press("Tab")
    expect(lab.get_by_role("button", name="Open ships as query")).to_be_focused()
    harbour.write("create table buoys as select 1 as number")
    expect(row(lab, "buoys, table")).to_be_visible()
    expect(lab.get_by_role("button", name="Open ships as query")).to_be_focused()
    lab.keyboard.press("Shift+Tab")
    lab.keyboard.press("Enter")
    expect(lab.get_by_role("gridcell", name="Bertha")).to_be_visible()
    expect(lab.locator(".d-preview-head")).to_contain_text("2 rows")


def test_names_go_where_the_cursor_is_with_quotes_where_sql_needs_them(lab: Page) -> None:
    row(lab, "ships, table").press("ArrowRight")
    row(lab, "Home Port").dblclick()
    expect(lab.get_by_text("Open a notebook, a console or a file first")).to_be_visible()

    lab.locator(".jp-LauncherCard[data-category='Notebook'][title*='Deita SQL']").click()
    expect(lab.get_by_text("Deita SQL | Idle")).to_be_visible()
    expect(cell(lab)).to_be_focused()
    row(lab, "Home Port").dblclick()
    expect(cell(lab)).to_have_text('"Home Port"')
    expect(cell(lab)).to_be_focused()
    lab.keyboard.type(" from ")
    row(lab, "ships, table").hover()
    lab.get_by_role("button", name="Insert ships").click()
    expect(cell(lab)).to_have_text('"Home Port" from ships')
    row(lab, "id, column").drag_to(cell(lab))
    expect(cell(lab)).to_contain_text("id")


def test_open_as_query_is_a_notebook_that_has_run(lab: Page) -> None:
    row(lab, "ships, table").click(button="right")
    lab.get_by_role("menuitem", name="Open as query").click()
    expect(lab.locator(".jp-OutputArea-output")).to_contain_text("Bertha")
    expect(cell(lab)).to_have_text("SELECT *FROM shipsLIMIT 100")


def test_a_file_becomes_a_table_where_it_lies_or_when_it_is_dropped(harbour: Workspace, lab: Page) -> None:
    harbour.client.put(f"{harbour.api}/files/crew.csv", content=b"name\nCarl\n").raise_for_status()
    lab.get_by_role("button", name="Make a table of crew.csv").click()
    expect(row(lab, "crew, table, 1 row")).to_be_visible()

    drop(lab, "piers.csv", "pier,length\nA,120\n")
    expect(lab.get_by_text("piers: 1 row, 0 rejected")).to_be_visible()
    row(lab, "piers, table").click()  # the preview follows its table
    expect(lab.get_by_role("gridcell", name="120")).to_be_visible()
    harbour.write("insert into piers values ('B', 300)")
    expect(lab.get_by_role("gridcell", name="300")).to_be_visible()
    tables = harbour.client.get(f"{harbour.api}/tables").raise_for_status().json()["items"]
    assert {table["name"]: table["rows"] for table in tables}["piers"] == 2


def test_who_may_only_look_is_offered_nothing_that_changes(harbour: Workspace, open_page: Open) -> None:
    harbour.client.put(f"{harbour.api}/files/loose.csv", content=b"a\n1\n").raise_for_status()

    def viewer(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "role": "viewer"})

    page = open_page("about:blank")
    page.route("**/deita/api/v1/workspace", viewer)
    show_panel(page, harbour)
    expect(row(page, "loose.csv, file")).to_be_visible()
    expect(page.get_by_text("Drop files, or choose")).to_be_hidden()
    expect(page.get_by_role("button", name="Upload files")).to_be_hidden()
    expect(page.get_by_role("button", name="Make a table of loose.csv")).to_be_hidden()


def test_a_workspace_that_does_not_answer_is_asked_again(harbour: Workspace, open_page: Open) -> None:
    page = open_page("about:blank")
    page.route("**/deita/api/v1/tables*", lambda route: route.abort())
    show_panel(page, harbour)
    panel = page.locator(".d-panel")
    expect(panel.get_by_text("No answer from Deita.")).to_be_visible()
    page.unroute("**/deita/api/v1/tables*")
    panel.get_by_role("button", name="Try again").click()
    expect(row(page, "ships, table")).to_be_visible()


def drop(page: Page, name: str, text: str) -> None:
    """Let a file fall onto the panel."""
    make = "([name, text]) => { const it = new DataTransfer(); it.items.add(new File([text], name)); return it; }"
    page.locator(".d-panel").dispatch_event("drop", {"dataTransfer": page.evaluate_handle(make, [name, text])})
