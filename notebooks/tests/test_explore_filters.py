"""Sorting and filtering rows in Explore: of tables and of results, whose statements do not run again for it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from .conftest import Open, Workspace
from .test_explore_page import write_sql


def keep(page: Page, column: str, condition: str, value: str) -> None:
    """Fill in the filter form of the pane that is shown."""
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_label("Column", exact=True).select_option(column)
    page.get_by_label("Condition").select_option(condition)
    page.get_by_label("Value", exact=True).fill(value)
    page.get_by_label("Value", exact=True).press("Enter")


def test_rows_of_a_table_are_filtered_by_chips_that_stay_in_the_address(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=flights")
    expect(page.get_by_text("1–100 of 336,776")).to_be_visible()
    keep(page, "carrier", "is", "HA")
    expect(page.get_by_text("1–100 of 342")).to_be_visible()
    keep(page, "dep_delay", "≥", "60")
    expect(page.get_by_text("11 rows")).to_be_visible()
    expect(page.locator(".d-chip")).to_have_text(["carrier is HA", "dep_delay ≥ 60"])
    page.reload()
    expect(page.locator(".d-chip")).to_have_count(2)
    expect(page.get_by_text("11 rows")).to_be_visible()
    page.get_by_role("button", name="Remove the filter dep_delay ≥ 60").click()
    expect(page.get_by_text("1–100 of 342")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 343


def test_a_value_in_a_profile_filters_the_table(airports: Workspace, open_page: Open) -> None:
    page = open_page(f"{airports.explore}#table=flights&mode=profile")
    page.locator("[data-profile=carrier] li button").first.click()
    expect(page.locator(".d-chip")).to_have_text(["carrier is UA"])
    expect(page.get_by_text("1–100 of 58,665")).to_be_visible()


def test_a_result_is_sorted_and_filtered_without_running_again(airports: Workspace, open_page: Open) -> None:
    page = open_page(airports.explore)
    page.get_by_role("tab", name="SQL").click()
    write_sql(page, "select carrier, dep_delay, origin from flights")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("1–100 of 336,776")).to_be_visible()
    ran: list[str] = []
    page.on("request", lambda request: ran.append(request.url) if request.method == "POST" else None)
    page.locator("th[data-column=dep_delay] button").click()
    page.locator("th[data-column=dep_delay][aria-sort=ascending] button").click()
    expect(page.locator(".d-sql tbody tr").first).to_contain_text("1,301")
    keep(page, "origin", "is", "LGA")
    expect(page.get_by_text("1–100 of 104,662")).to_be_visible()
    expect(page.locator(".d-sql tbody tr").first).to_contain_text("LGA")
    with page.expect_download() as download:
        page.get_by_label("Other formats").click()
        page.get_by_role("menuitem", name="Excel").click()
    assert download.value.path().read_bytes()[:2] == b"PK"
    assert [url for url in ran if url.endswith("/queries")] == []
