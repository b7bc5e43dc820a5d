"""What a person does in Explore, from the first file to the download, in a real browser against a real workspace."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Open, Workspace

BY_CARRIER = "select carrier, count(*) as flights from flights group by carrier order by flights desc"
ENDLESS = "select count(*) from range(100000000) a, range(100000000) b where a.range * b.range % 7 = 3"


def write_sql(page: Page, sql: str) -> None:
    """Replace what the editor holds."""
    editor = page.get_by_role("textbox", name="SQL")
    editor.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(sql)


def drop(page: Page, files: list[Path]) -> None:
    """Drop files anywhere on the app."""
    content = [{"name": file.name, "text": file.read_text()} for file in files]
    page.evaluate(
        """(content) => {
          const data = new DataTransfer();
          for (const { name, text } of content) data.items.add(new File([text], name));
          const target = document.querySelector(".d-body");
          for (const type of ["dragenter", "dragover", "drop"])
            target.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: data }));
        }""",
        content,
    )


def test_from_a_file_to_a_table_a_query_a_chart_and_a_download(shop: Workspace, open_page: Open, flights: Path) -> None:
    page = open_page(shop.explore)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([flights / "flights.csv", flights / "airlines.csv"])
    expect(page.get_by_text("336,776 rows, 0 rejected")).to_be_visible()
    expect(page.get_by_text("16 rows, 0 rejected")).to_be_visible()
    page.locator("[data-table=flights]").click()
    expect(page.get_by_text("1–100 of 336,776")).to_be_visible()
    expect(page.locator("th[data-column=dep_delay]")).to_contain_text("number")

    page.get_by_role("tab", name="SQL").click()
    write_sql(page, BY_CARRIER)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".d-sql tbody tr").first).to_contain_text("58,665")
    expect(page.locator(".d-status")).to_contain_text("16 rows · ")

    page.get_by_role("tab", name="Chart").click()
    expect(page.get_by_role("img", name="flights by carrier")).to_be_visible()
    expect(page.locator(".d-canvas canvas")).to_be_visible()
    with page.expect_download() as picture:
        page.get_by_role("button", name="Download as PNG").click()
    assert Path(picture.value.path()).read_bytes().startswith(b"\x89PNG")

    page.get_by_role("tab", name="SQL").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    rows = list(csv.reader(Path(download.value.path()).read_text().splitlines()))
    assert rows[:3] == [["carrier", "flights"], ["UA", "58665"], ["B6", "54635"]] and len(rows) == 17


def test_a_whole_table_is_downloaded(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=planes")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "planes.csv"
    assert len(Path(download.value.path()).read_text().splitlines()) == 3323


def test_pages_turn_and_columns_sort(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=planes")
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_text("101–200 of 3,322")).to_be_visible()
    page.get_by_role("button", name="Previous page").click()
    expect(page.get_by_text("1–100 of 3,322")).to_be_visible()
    page.locator("th[data-column=seats] button").click()
    page.locator("th[data-column=seats][aria-sort=ascending] button").click()
    expect(page.locator("th[data-column=seats]")).to_have_attribute("aria-sort", "descending")
    seats = page.locator("th[data-column=seats]").evaluate("th => th.cellIndex")
    expect(page.locator("tbody tr").first.locator("> *").nth(seats)).to_have_text("450")


def test_arrows_walk_through_cells_and_over_pages(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=planes")
    page.locator("td[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.cellIndex") == 2
    page.keyboard.press("Control+ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_text("101–200 of 3,322")).to_be_visible()
    expect(page.locator("tbody tr").first.locator("td").nth(1)).to_be_focused()


def test_an_sql_error_stands_below_the_editor_and_under_the_word(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#mode=sql")
    write_sql(page, "select carrier,\n  cout(*) from flights")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("Line 2, column 3")
    expect(page.locator(".cm-lintRange-error")).to_have_text("cout")
    write_sql(page, "select 1 as one")
    page.get_by_role("button", name="Run").click()
    expect(page.locator(".d-status")).to_contain_text("1 row")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_stop_stops_a_query(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#mode=sql")
    write_sql(page, ENDLESS)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".d-status")).to_contain_text(re.compile("Running… [1-9]"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".d-status")).to_contain_text("Stopped after")
    running = [
        query for query in airports.client.get(f"{airports.api}/queries").json()["items"] if query["state"] == "running"
    ]
    assert running == []


def test_results_are_paged_to_the_end_and_back(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#mode=sql")
    write_sql(page, "select range as n from range(2350) order by n")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1–100 of 2,350")).to_be_visible()
    page.get_by_label("Rows on a page").select_option("1000")
    for place in ("1–1,000", "1,001–2,000", "2,001–2,350"):
        expect(page.get_by_text(f"{place} of 2,350")).to_be_visible()
        if not place.startswith("2,"):
            page.get_by_role("button", name="Next page").click()
    expect(page.locator(".d-sql tbody tr").last).to_contain_text("2,349")
    page.get_by_role("button", name="Previous page").click()
    expect(page.locator(".d-sql tbody tr").first).to_contain_text("1,000")


def test_a_statement_that_writes_asks_in_place(shop: Workspace, open_page: Open) -> None:
    page = open_page(f"{shop.explore}#mode=sql")
    write_sql(page, "create table made as select 42 as answer")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Run and change the data").click()
    expect(page.locator(".d-status")).to_contain_text("1 row inserted · made version 1 · ")
    page.locator("[data-table=made]").click()
    expect(page.get_by_role("gridcell")).to_have_text("42")


def test_a_statement_that_wrote_is_taken_back_in_place(shop: Workspace, open_page: Open) -> None:
    page = open_page(f"{shop.explore}#mode=sql")
    write_sql(page, "create table taken_back as select 42 as answer")
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Run and change the data").click()
    expect(page.locator("[data-table=taken_back]")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".d-status")).to_contain_text("taken_back is gone again.")
    expect(page.locator("[data-table=taken_back]")).to_have_count(0)


def test_completion_knows_tables_and_columns(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#mode=sql")
    write_sql(page, "select * from ")
    page.keyboard.type("fli")
    page.get_by_role("option", name="flights").click()
    expect(page.get_by_role("textbox", name="SQL")).to_have_text("select * from flights")
    write_sql(page, "describe ")
    page.keyboard.type("flights")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".d-status")).to_contain_text("19 rows")
    expect(page.get_by_role("option")).to_have_count(0)  # nothing lies over the result


def test_a_link_brings_the_view_back(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#mode=sql")
    write_sql(page, BY_CARRIER)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".d-status")).to_contain_text("16 rows")
    page.get_by_role("tab", name="Chart").click()
    expect(page.locator(".d-canvas canvas")).to_be_visible()
    other = open_page(page.url)
    expect(other.get_by_role("img", name="flights by carrier")).to_be_visible()
    expect(other.locator(".d-canvas canvas")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("tab", name="SQL")).to_have_attribute("aria-selected", "true")


def test_a_table_made_elsewhere_shows_up_by_itself(shop: Workspace, open_page: Open) -> None:
    page = open_page(shop.explore)
    expect(page.get_by_text("Drop a file to begin")).to_be_visible()
    shop.write("create table elsewhere as select 1 as one")
    expect(page.locator("[data-table=elsewhere]")).to_be_visible()
    expect(page.get_by_role("heading", name="elsewhere")).to_be_visible()


def test_the_same_name_with_other_content_offers_a_choice(shop: Workspace, open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    page = open_page(shop.explore)
    expect(page.get_by_text("Drop a file to begin")).to_be_visible()
    file.write_text("item,price\ntea,2\n")
    drop(page, [file])
    expect(page.get_by_text("1 row, 0 rejected")).to_be_visible()
    file.write_text("item,price\ntea,2\ncake,4\n")
    drop(page, [file])
    expect(page.get_by_text("here already, with other content")).to_be_visible()
    page.get_by_role("button", name="Replace it").click()
    expect(page.get_by_text("2 rows, 0 rejected")).to_be_visible()
    expect(page.locator(".d-title")).to_contain_text("v2")
    file.write_text("item,price\nscone,3\n")
    drop(page, [file])
    page.get_by_role("button", name="Keep both as sales-2.csv").click()
    expect(page.locator("[data-file='sales-2.csv']")).to_be_visible()


def test_markup_in_data_is_text(shop: Workspace, open_page: Open, tmp_path: Path) -> None:
    evil = "<img src=x onerror=document.body.dataset.owned=1>"
    file = tmp_path / "evil.csv"
    file.write_text(f'"{evil}",n\n"{evil}",1\n')
    page = open_page(shop.explore)
    expect(page.get_by_text("Drop a file to begin")).to_be_visible()
    drop(page, [file])
    expect(page.get_by_role("gridcell").first).to_have_text(evil)
    page.get_by_role("tab", name="Chart").click()
    expect(page.locator(".d-canvas canvas")).to_be_visible()
    assert page.evaluate("[document.body.dataset.owned ?? '', document.querySelectorAll('#deita-app img').length]") == [
        "",
        0,
    ]


def test_a_file_that_is_no_table_says_why(shop: Workspace, open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "nothing.csv"
    file.write_bytes(b"")
    page = open_page(shop.explore)
    expect(page.get_by_text("Drop a file to begin")).to_be_visible()
    drop(page, [file])
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_sample_data_is_one_click_away_and_deletion_can_be_taken_back(shop: Workspace, open_page: Open) -> None:
    page = open_page(shop.explore)
    page.get_by_role("button", name="Try sample data").click()
    expect(page.get_by_text("6,570 rows, 0 rejected")).to_be_visible()
    page.locator("[data-table]").hover()
    page.get_by_role("button", name="Delete cafe_sales", exact=True).click()
    expect(page.locator("[data-table]")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-table]")).to_have_count(1)
    assert len(shop.client.get(f"{shop.api}/tables").json()["items"]) == 1


def test_search_finds_columns(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=airlines")
    expect(page.get_by_role("gridcell").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("arr_del")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="flights")).to_be_visible()
    expect(page.locator("th[data-column=arr_delay]")).to_be_in_viewport()


def test_a_workspace_that_was_closed_offers_to_reopen(shop: Workspace, open_page: Open) -> None:
    page = open_page(shop.explore)
    expect(page.get_by_text("Drop a file to begin")).to_be_visible()
    hub = shop.api.split("/user/")[0]
    body = json.dumps({"code": "server_stopped", "message": "The server is not running.", "request_id": "r"})
    page.route("**/deita/api/v1/**", lambda route: route.fulfill(status=503, body=body))
    link = page.get_by_role("link", name="Reopen")
    expect(link).to_have_attribute("href", f"/services/deita/open/{shop.slug}")
    assert hub


def test_on_a_phone_the_side_pane_is_a_sheet_and_the_first_column_stays(airports: Workspace, open_page: Open) -> None:
    page = open_page(
        f"{airports.explore}#table=planes", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    first = page.locator("tbody tr").first.locator("td").first
    expect(first).to_be_in_viewport()
    page.locator(".d-grid").evaluate("grid => { grid.scrollLeft = 400; }")
    expect(first).to_be_in_viewport()
    page.get_by_role("button", name="Tables", exact=True).tap()
    page.locator("[data-table=airlines]").tap()
    expect(page.get_by_role("heading", name="airlines")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_follows_the_systems_colours(airports: Workspace, open_page: Open, scheme: str) -> None:
    page = open_page(f"{airports.explore}#table=airlines", color_scheme=scheme)
    expect(page.locator("#deita-app")).to_have_attribute("data-theme", scheme)
