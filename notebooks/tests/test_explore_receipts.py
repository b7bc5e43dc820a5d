"""Receipts and history in Explore: from a number to the file it came from, and run again, in a real browser."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Open, Workspace


@pytest.fixture
def sales(shop: Workspace, tmp_path: Path) -> Workspace:
    """A table from a file, and a table made from it."""
    file = tmp_path / "sales.csv"
    file.write_text("item,qty\nnut,1\nbolt,2\n")
    shop.load(file)
    shop.write("CREATE TABLE totals AS SELECT sum(qty)::BIGINT AS qty FROM sales")
    return shop


def run(page: Page, sql: str) -> None:
    editor = page.get_by_role("textbox", name="SQL")
    editor.click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(sql)
    page.get_by_role("button", name="Run", exact=True).click()


def test_a_result_leads_to_its_file_and_can_be_run_again_as_it_was(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#mode=sql")
    run(page, "SELECT qty FROM totals")
    page.get_by_role("button", name="Receipt").click()
    receipt = page.get_by_role("dialog", name="Receipt")
    expect(receipt).to_contain_text("SELECT qty FROM totals")
    expect(receipt.locator("[data-read=totals]")).to_contain_text("version 1 · 1 row")
    receipt.get_by_role("button", name="a query").click()
    expect(receipt.locator("[data-read=sales]")).to_contain_text("sales.csv")
    expect(receipt).to_contain_text("version 1 of totals")
    expect(receipt.get_by_role("button", name="Run again as it was")).to_have_count(0)
    receipt.get_by_role("button", name="Back").click()
    sales.write("UPDATE totals SET qty = 99")
    receipt.get_by_role("button", name="Run again as it was").click()
    expect(receipt.get_by_role("status")).to_contain_text("Same result ✓")
    receipt.get_by_role("button", name="Run again on today’s tables").click()
    expect(receipt.get_by_role("status")).to_contain_text("Differs · totals v1 → v2")
    receipt.get_by_role("button", name="Show", exact=True).click()
    expect(receipt).to_be_hidden()
    expect(page.locator(".d-sql tbody td")).to_have_text("99")


def test_a_tables_lineage_is_a_graph_that_the_keyboard_walks_through(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#table=totals")
    page.get_by_role("button", name="Lineage").click()
    graph = page.get_by_role("dialog", name="Lineage")
    nodes = graph.locator("[data-node]")
    expect(nodes).to_have_count(5)
    assert [nodes.nth(n).get_attribute("data-node") for n in (0, 2, 4)] == [
        "file:sales.csv",
        "table:sales",
        "table:totals",
    ]
    expect(graph.locator(".d-edge")).to_have_count(4)
    expect(graph.get_by_role("button", name="totals, table · v1")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    receipt = page.get_by_role("dialog", name="Receipt")
    expect(receipt).to_contain_text("CREATE TABLE totals")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Lineage").click()
    graph.get_by_role("button", name="sales, table · v1").click()
    expect(graph).to_be_hidden()
    expect(page.get_by_role("heading", name="sales")).to_be_visible()


def test_the_foot_of_a_table_opens_the_receipt_of_the_query_that_made_it(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#table=totals")
    page.get_by_role("button", name="from a query").click()
    expect(page.get_by_role("dialog", name="Receipt")).to_contain_text("CREATE TABLE totals")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Receipt")).to_be_hidden()


def test_an_earlier_query_is_found_by_its_words(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#mode=sql")
    for sql in ("SELECT 1 AS pears", "SELECT 2 AS apples"):
        run(page, sql)
        expect(page.locator(".d-sql thead")).to_contain_text(sql.split()[-1])
    page.get_by_role("button", name="History").click()
    found = page.get_by_role("dialog", name="Your queries")
    expect(found.locator("[data-query]").first).to_contain_text("apples")
    found.get_by_role("searchbox").fill("PEARS")
    expect(found.locator("[data-query]")).to_have_count(1)
    found.locator("[data-query]").click()
    expect(page.get_by_role("textbox", name="SQL")).to_contain_text("SELECT 1 AS pears")


def test_on_a_phone_the_receipt_is_not_wider_than_the_screen(airports: Workspace, open_page: Open) -> None:
    page = open_page(
        f"{airports.explore}#mode=sql", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    run(page, "SELECT count(*) AS n FROM planes")
    page.get_by_role("button", name="Receipt").tap()
    expect(page.locator("[data-read=planes]")).to_contain_text("planes.csv")
    expect(page.locator("[data-read=planes]")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
