"""Versions and profiles in Explore: looking back, bringing back, and what columns hold, in a real browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from .conftest import Open, Workspace


@pytest.fixture
def sales(shop: Workspace, tmp_path: Path) -> Workspace:
    """A table with three versions: 3 rows from a file, 1 row and a new column from another, 2 rows after an INSERT."""
    file = tmp_path / "sales.csv"
    file.write_text("item,qty\nnut,1\nbolt,2\nscrew,3\n")
    shop.load(file)
    other = tmp_path / "sales-new.csv"
    other.write_text("item,qty,price\nnut,1,0.5\n")
    shop.load(other, table="sales", mode="replace")
    shop.write("INSERT INTO sales VALUES ('nail', 7, 0.1)")
    return shop


def open_versions(page: Page) -> None:
    page.get_by_role("button", name=re.compile("see all versions")).or_(
        page.locator(".d-versions > summary")
    ).first.click()


def test_an_old_version_is_looked_at_and_brought_back(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#table=sales")
    expect(page.get_by_role("gridcell")).to_have_count(6)
    open_versions(page)
    first = page.locator("[data-version='1']")
    expect(first).to_contain_text("Made from sales.csv")
    expect(page.locator("[data-version='2']")).to_contain_text("1 row · 2 rows fewer · price added")
    expect(page.locator("[data-version='3']")).to_contain_text("Changed by a query")
    first.click()
    expect(page.get_by_text("You are looking at version 1 of 3")).to_be_visible()
    expect(page.get_by_role("gridcell")).to_have_count(6)
    expect(page.get_by_role("gridcell").nth(4)).to_have_text("screw")
    assert "version=1" in page.url
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("Version 1 of sales is the newest again.")).to_be_visible()
    expect(page.get_by_text("You are looking at")).to_have_count(0)
    expect(page.locator(".d-versions > summary")).to_have_text("v4")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".d-versions > summary")).to_have_text("v5")
    expect(page.locator("th[data-column=price]")).to_be_visible()


def test_the_address_holds_the_version_and_back_leaves_it(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#table=sales&version=2")
    expect(page.get_by_text("You are looking at version 2 of 3")).to_be_visible()
    expect(page.get_by_role("gridcell")).to_have_count(3)
    page.get_by_role("button", name="Back to newest").click()
    expect(page.get_by_role("gridcell")).to_have_count(6)
    page.go_back()
    expect(page.get_by_text("You are looking at version 2 of 3")).to_be_visible()
    page.get_by_role("tab", name="Profile").click()
    expect(page.locator("[data-profile=item]")).to_contain_text("distinct1")
    expect(page.get_by_text("You are looking at version 2 of 3")).to_be_visible()


def test_a_version_that_does_not_exist_leads_back(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#table=sales&version=99")
    expect(page.get_by_role("alert")).to_contain_text("Version 99 of sales does not exist.")
    page.get_by_role("button", name="Back to newest").click()
    expect(page.get_by_role("gridcell")).to_have_count(6)


def test_a_deleted_table_comes_back_by_undo(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#table=sales")
    page.locator("[data-table=sales]").hover()
    page.get_by_role("button", name="Delete sales", exact=True).click()
    expect(page.get_by_text("sales deleted.")).to_be_visible()
    expect(page.locator("[data-table]")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-table=sales]")).to_be_visible()
    assert sales.client.get(f"{sales.api}/tables/sales").json()["version"] == 5


def test_the_header_shows_what_each_column_holds(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=flights")
    header = page.locator("th[data-column=dep_delay]")
    expect(header.locator("svg.d-bars rect").first).to_be_attached()
    expect(header).to_contain_text("2.5% null")
    assert "527 distinct · 8,255 null (2.5%)" in (header.locator("button").get_attribute("title") or "")
    header.locator("button").click()
    expect(page.locator("th[data-column=dep_delay][aria-sort=ascending]")).to_contain_text("2.5% null")


def test_profile_mode_tells_columns_and_a_frequent_value_opens_its_rows(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=flights&mode=profile")
    delay = page.locator("[data-profile=dep_delay]")
    for text in ("8,255 (2.5%)", "12.6391", "-43", "1,301"):
        expect(delay).to_contain_text(text)
    expect(delay.locator("figure rect").first).to_be_attached()
    page.locator("[data-profile=carrier]").get_by_role("button", name="UA").click()
    expect(page.get_by_role("tab", name="Table")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".d-chip")).to_have_text(["carrier is UA"])
    expect(page.get_by_text("1–100 of 58,665")).to_be_visible()


def test_leaving_a_profile_ends_the_work(shop: Workspace, open_page: Open) -> None:
    shop.write("CREATE TABLE small AS SELECT 1 AS one")
    shop.write("CREATE VIEW endless AS SELECT sum(a.range * b.range) AS s FROM range(10000000) a, range(10000000) b")
    page = open_page(f"{shop.explore}#table=endless&mode=profile")
    expect(page.get_by_text("Looking at every row…")).to_be_visible()
    with page.expect_event("requestfailed", lambda request: "/profile" in request.url):
        page.locator("[data-table=small]").click()
    expect(page.locator("[data-profile=one]")).to_be_visible()


@pytest.mark.parametrize("mode", ["table", "profile"])
def test_on_a_phone_nothing_is_wider_than_the_screen(airports: Workspace, open_page: Open, mode: str) -> None:
    page = open_page(
        f"{airports.explore}#table=planes&mode={mode}",
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
    )
    expect(page.locator(".d-glance svg, .d-card figure").first).to_be_attached()
    page.locator(".d-versions > summary").tap()
    expect(page.locator("[data-version='1']")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
