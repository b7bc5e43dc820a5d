"""Looking at how a file is read, and correcting it, in a real browser against a real workspace."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from bench.running import until

from .conftest import Open, Workspace

SALES = "day;item;price\n" + "".join(f"2025-03-{day:02d};item {day};{day},50\n" for day in range(1, 29))


@pytest.fixture
def sales(shop: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with a table `sales` whose prices were read as text."""
    file = tmp_path / "sales.csv"
    file.write_text(SALES)
    shop.load(file, recipe={"columns": {"price": "VARCHAR"}})
    return shop


def opened(workspace: Workspace, open_page: Open, **options: object) -> Page:
    """The review of `sales`, reached from the table's title."""
    page = open_page(f"{workspace.explore}#table=sales", **options)
    page.get_by_role("button", name="How it was read").click()
    expect(page.get_by_role("heading", name="How sales was read")).to_be_visible()
    expect(page.get_by_label("Columns are parted by", exact=True)).to_have_value("semicolon ;")
    return page


def test_a_reading_is_corrected_read_again_and_taken_back(sales: Workspace, open_page: Open) -> None:
    page = opened(sales, open_page)
    expect(page.get_by_role("button", name="Read again")).to_be_disabled()
    price = page.locator(".d-look th[data-column=price]")
    expect(page.get_by_label("Type of price")).to_have_value("text")
    expect(price).to_contain_text("as in v1")
    page.get_by_label("Type of price").select_option(label="decimal number")
    expect(page.locator(".d-look tbody tr").first).to_contain_text("1.5")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("28 rows, 0 rejected")).to_be_visible()
    expect(page.locator(".d-title")).to_contain_text("v2")
    assert sales.client.get(f"{sales.api}/tables/sales").json()["columns"][2]["type"] == "DOUBLE"

    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("sales is as it was in v1 again.")).to_be_visible()
    assert sales.client.get(f"{sales.api}/tables/sales").json()["columns"][2]["type"] == "VARCHAR"


def test_a_doubtful_file_is_shown_before_it_is_imported(shop: Workspace, open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "dates.csv"
    rows = [f"0{month}/0{day}/2025,{day}" for month in range(1, 8) for day in range(1, 8)]
    file.write_text("\n".join(["when,n", *rows]) + "\n")
    page = open_page(shop.explore)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([file])
    expect(page.get_by_role("heading", name="How should this file be read?")).to_be_visible()
    expect(page.get_by_text("It is not certain how to read this file.")).to_be_visible()
    assert shop.client.get(f"{shop.api}/tables").json()["items"] == []
    order = page.get_by_role("group", name="Column when: what else it could be").get_by_role("button")
    chosen = order.inner_text()
    order.click()
    expect(page.get_by_label("Type of when")).to_have_value(chosen)
    page.get_by_role("button", name="Import", exact=True).click()
    expect(page.get_by_text("49 rows, 0 rejected")).to_be_visible()
    expect(page.get_by_role("heading", name="dates")).to_be_visible()
    expect(page.locator(".d-grid tbody tr").nth(1)).to_contain_text(
        "2025-02-01" if chosen == "date, day/month/year" else "2025-01-02"
    )


def test_a_doubtful_file_can_be_dropped_or_left_for_later(shop: Workspace, open_page: Open, tmp_path: Path) -> None:
    file = tmp_path / "dates.csv"
    file.write_text("when,n\n" + "".join(f"0{day}/0{day + 1}/2025,{day}\n" for day in range(1, 8)))
    page = open_page(shop.explore)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([file])
    expect(page.get_by_role("heading", name="How should this file be read?")).to_be_visible()
    page.get_by_role("tab", name="Table").click()
    page.get_by_role("button", name="Look").click()
    other = open_page(page.url)
    expect(other.get_by_role("heading", name="How should this file be read?")).to_be_visible()
    other.close()
    page.get_by_role("region", name="How a file is read").get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Cancelled.")).to_be_visible()
    until(lambda: shop.client.get(f"{shop.api}/imports").json()["items"][0]["state"] == "cancelled", 30, "the end")


def test_what_was_set_before_is_kept_and_can_be_reset(sales: Workspace, open_page: Open) -> None:
    page = opened(sales, open_page)
    header = page.get_by_label("Header rows", exact=True)
    header.select_option(label="none: columns get numbers")
    expect(page.locator(".d-part", has=header)).to_contain_text("set by you")
    expect(page.locator(".d-look tbody tr").first).to_contain_text("item")
    page.get_by_role("button", name="Reset").click()
    expect(page.get_by_label("Type of price")).to_have_value("text")
    expect(page.locator(".d-look tbody tr").first).to_contain_text("item 1")
    expect(page.get_by_role("button", name="Read again")).to_be_disabled()


def test_the_file_is_shown_as_it_stands(sales: Workspace, open_page: Open) -> None:
    page = opened(sales, open_page)
    page.get_by_role("button", name="As in the file").click()
    lines = page.locator(".d-lines li")
    expect(lines.first).to_contain_text("day;item;price")
    expect(lines.nth(1)).to_contain_text("2025-03-01;item 1;1,50")
    page.get_by_role("button", name="Rows", exact=True).click()
    expect(page.locator(".d-look tbody tr")).to_have_count(28)


def test_a_recipe_that_does_not_work_says_so_in_place(sales: Workspace, open_page: Open) -> None:
    page = opened(sales, open_page)
    page.route("**/imports/preview", lambda route: route.abort())
    page.get_by_label("Lines before it").fill("1")
    page.get_by_label("Lines before it").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("No answer from Deita")
    expect(page.get_by_role("button", name="Read again")).to_be_disabled()
    page.unroute("**/imports/preview")
    page.get_by_role("button", name="Undo the last change").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_label("Lines before it")).to_have_value("0")


def test_back_leaves_the_review_and_a_link_brings_it_back(sales: Workspace, open_page: Open) -> None:
    page = opened(sales, open_page)
    other = open_page(page.url)
    expect(other.get_by_label("Columns are parted by", exact=True)).to_have_value("semicolon ;")
    page.go_back()
    expect(page.get_by_role("gridcell").first).to_be_visible()
    expect(page.get_by_role("heading", name="sales", exact=True)).to_be_visible()


def test_rejected_rows_are_shown_with_their_reason_and_downloaded(
    shop: Workspace, open_page: Open, tmp_path: Path
) -> None:
    file = tmp_path / "counted.csv"
    lines = ["n", *(str(number) for number in range(30_000))]
    lines[25_000] = "=twelve"
    file.write_text("\n".join(lines))
    shop.load(file, recipe={"columns": {"n": "BIGINT"}})
    page = open_page(f"{shop.explore}#table=counted&review=table")
    rejected = page.get_by_role("region", name="Rejected rows")
    expect(rejected).to_contain_text("1 rejected in v1")
    expect(rejected.locator("tbody tr")).to_contain_text("25,001")
    expect(rejected.locator("tbody tr")).to_contain_text("=twelve")
    with page.expect_download() as download:
        rejected.get_by_role("link", name="Download as CSV").click()
    rows = list(csv.reader(Path(download.value.path()).read_text().splitlines()))
    assert rows[1][2] == "'=twelve"


def test_on_a_phone_the_form_is_a_sheet(sales: Workspace, open_page: Open) -> None:
    page = opened(sales, open_page, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    skip = page.get_by_label("Lines before it")
    expect(skip).not_to_be_visible()
    page.get_by_role("button", name="How it is read").tap()
    expect(page.get_by_label("Characters")).to_be_focused()
    expect(skip).to_be_visible()
    page.keyboard.press("Escape")
    expect(skip).not_to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.fixture
def book(shop: Workspace, tmp_path: Path) -> Workspace:
    """A workspace with a table `book` of the first of two sheets."""
    workbook = openpyxl.Workbook()
    sales, costs = workbook.worksheets[0], workbook.create_sheet("Costs 2025")
    sales.title = "Sales"
    for sheet, rows in ((sales, [["item", "price"], ["soap", 3]]), (costs, [["cause", "amount"], ["rent", 900]])):
        for row in rows:
            sheet.append(row)
    workbook.save(tmp_path / "book.xlsx")
    shop.load(tmp_path / "book.xlsx")
    return shop


def test_another_sheet_of_the_file_is_shown_instead_and_read_again(book: Workspace, open_page: Open) -> None:
    page = open_page(f"{book.explore}#table=book&review=table")
    others = page.get_by_role("list", name="Also in this file")
    look = page.locator(".d-look")
    expect(look).to_contain_text("soap")
    others.get_by_role("button", name="Costs 2025", exact=True).click()
    expect(look).to_contain_text("rent")
    expect(page.get_by_label("Sheet", exact=True)).to_have_value("Costs 2025")
    others.get_by_role("button", name="Sales", exact=True).click()
    expect(look).to_contain_text("soap")
    page.get_by_role("button", name="Reset").click()
    others.get_by_role("button", name="Costs 2025", exact=True).click()
    expect(look).to_contain_text("rent")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("1 row, 0 rejected")).to_be_visible()
    expect(page.locator(".d-grid tbody tr").first).to_contain_text("rent")


def test_another_sheet_of_the_file_becomes_a_table_of_its_own(book: Workspace, open_page: Open) -> None:
    page = open_page(f"{book.explore}#table=book&review=table")
    others = page.get_by_role("list", name="Also in this file")
    others.get_by_role("button", name="Make a table of Costs 2025 too").click()
    expect(page.get_by_text("1 row, 0 rejected")).to_be_visible()
    tables = book.client.get(f"{book.api}/tables").json()["items"]
    columns = {table["name"]: [column["name"] for column in table["columns"]] for table in tables}
    assert columns == {"book": ["item", "price"], "book_costs_2025": ["cause", "amount"]}
