"""Saved queries in Explore: saved by a name, run with values, brought back, deleted, in a real browser."""

from __future__ import annotations

import contextlib
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, TimeoutError, expect

from .conftest import Open, Workspace
from .test_explore_page import write_sql


@pytest.fixture
def sales(shop: Workspace) -> Workspace:
    shop.write(
        "CREATE TABLE sales AS FROM (VALUES ('nut', 5, DATE '2025-01-31'), ('bolt', 2, DATE '2025-02-01'),"
        " ('screw', 9, DATE '2025-03-01')) t(item, qty, day)"
    )
    return shop


def save(workspace: Workspace, name: str, sql: str, **more: Any) -> None:
    body = {"name": name, "sql": sql, **more}
    workspace.client.post(f"{workspace.api}/saved-queries", json=body).raise_for_status()


def kept(workspace: Workspace, slug: str) -> httpx.Response:
    return workspace.client.get(f"{workspace.api}/saved-queries/{slug}")


def cells(page: Page, *texts: str) -> None:
    expect(page.locator(".d-sql tbody tr td:first-of-type")).to_have_text(texts)


def test_a_query_is_saved_run_with_values_changed_and_brought_back(sales: Workspace, open_page: Open) -> None:
    page = open_page(f"{sales.explore}#mode=sql")
    expect(page.locator("nav.d-side").get_by_text("Save one in SQL to run it again.")).to_be_visible()
    write_sql(page, "SELECT item, qty FROM sales WHERE qty > $least AND day >= $since ORDER BY qty")
    expect(page.locator("[data-param=since]")).to_have_attribute("type", "date")
    page.locator("[data-param=least]").fill("2")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("alert")).to_contain_text("Give since a value.")
    expect(page.locator("[data-param=since]")).to_be_focused()
    page.locator("[data-param=since]").fill("2025-01-01")
    page.locator("[data-param=least]").press("Enter")
    cells(page, "nut", "screw")

    page.keyboard.press("Control+s")
    page.get_by_label("Name").fill("Big sales")
    page.get_by_label("Keep the present values").check()
    page.get_by_label("Name").press("Enter")
    expect(page.locator("[data-query=big-sales]")).to_contain_text("2 values")
    expect(page.get_by_role("heading", name="Big sales")).to_be_visible()
    assert "saved=big-sales" in page.url and "sql=" not in page.url
    assert {one["name"]: (one["type"], one["default"]) for one in kept(sales, "big-sales").json()["params"]} == {
        "least": ("INTEGER", 2),
        "since": ("DATE", "2025-01-01"),
    }

    write_sql(page, "SELECT item FROM sales WHERE qty > $least ORDER BY item")
    expect(page.locator(".d-title")).to_contain_text("edited")
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    expect(page.locator("[data-param]")).to_have_count(1)
    page.locator(".d-versions > summary").click()
    page.locator("[data-version='1']").click()
    expect(page.get_by_text("Version 1 of 2 is in the editor.")).to_be_visible()
    page.get_by_role("button", name="Restore").click()
    expect(page.locator(".d-versions > summary")).to_have_text("v3")
    expect(page.get_by_role("textbox", name="SQL")).to_contain_text("day >= $since")


def test_the_address_opens_it_with_its_values_and_runs_it(sales: Workspace, open_page: Open) -> None:
    save(sales, "Of an item", "SELECT item, qty FROM sales WHERE item = $item", params=[
        {"name": "item", "choices": ["nut", "bolt"], "description": "What was sold"},
    ])  # fmt: skip
    page = open_page(f'{sales.explore}#mode=sql&saved=of-an-item&params={{"item":"bolt"}}')
    cells(page, "bolt")
    expect(page.locator("select[data-param=item]")).to_have_value("bolt")
    page.locator("[data-param=item]").select_option("nut")
    page.get_by_role("button", name="Run").click()
    cells(page, "nut")
    assert "nut" in page.url
    page.get_by_role("tab", name="Chart").click()
    expect(page.locator(".d-canvas canvas")).to_be_visible()


def test_types_and_choices_of_values_are_edited(sales: Workspace, open_page: Open) -> None:
    save(sales, "Some of them", "SELECT item FROM sales WHERE item = $item", params=[{"name": "item"}])
    page = open_page(f"{sales.explore}#mode=sql&saved=some-of-them")
    page.get_by_label("More about this query").click()
    page.get_by_role("menuitem", name="Rename or describe…").click()
    page.get_by_label("Choices of item").fill("nut, screw")
    page.get_by_label("Choices of item").press("Enter")
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    page.locator("select[data-param=item]").select_option("screw")
    page.get_by_role("button", name="Run").click()
    cells(page, "screw")
    (param,) = kept(sales, "some-of-them").json()["params"]
    assert (param["type"], param["choices"]) == ("VARCHAR", ["nut", "screw"])

    page.get_by_label("More about this query").click()
    page.get_by_role("menuitem", name="Rename or describe…").click()
    page.get_by_label("Type of item").select_option("INTEGER")
    page.get_by_label("Choices of item").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("item must be a number.")
    assert kept(sales, "some-of-them").json()["version"] == 2


def test_who_saves_over_somebody_elses_change_is_asked(sales: Workspace, open_page: Open) -> None:
    save(sales, "Shared", "SELECT 1 AS mine")
    page = open_page(f"{sales.explore}#mode=sql&saved=shared")
    cells(page, "1")
    write_sql(page, "SELECT 2 AS mine")
    sales.client.patch(f"{sales.api}/saved-queries/shared", json={"sql": "SELECT 3 AS theirs"}).raise_for_status()
    page.keyboard.press("Control+s")
    expect(page.get_by_text("me saved version 2 in the meantime.")).to_be_visible()
    page.get_by_role("button", name="Save mine on top").click()
    expect(page.get_by_text("Saved as version 3.")).to_be_visible()
    assert kept(sales, "shared").json()["sql"] == "SELECT 2 AS mine"


def test_a_deleted_query_comes_back_by_undo_and_a_broken_one_is_not_saved(sales: Workspace, open_page: Open) -> None:
    save(sales, "All of it", "FROM sales ORDER BY qty")
    page = open_page(sales.explore)
    page.locator("[data-query=all-of-it]").click()
    cells(page, "bolt", "nut", "screw")
    write_sql(page, "FROM sale")
    page.keyboard.press("Control+s")
    expect(page.get_by_role("alert")).to_contain_text("Line 1, column 6")
    page.locator("[data-query=all-of-it]").hover()
    page.get_by_role("button", name="Delete All of it", exact=True).click()
    expect(page.locator("[data-query]")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("[data-query=all-of-it]")).to_be_visible()
    assert kept(sales, "all-of-it").json()["version"] == 3


def test_the_link_is_the_result(sales: Workspace, open_page: Open) -> None:
    save(sales, "Above", "SELECT item FROM sales WHERE qty > $n ORDER BY item", params=[{"name": "n", "default": 1}])
    page = open_page(f"{sales.explore}#mode=sql&saved=above", permissions=["clipboard-read", "clipboard-write"])
    cells(page, "bolt", "nut", "screw")
    page.locator("[data-param=n]").fill("4")
    page.locator(".d-tools summary").click()
    page.get_by_role("menuitem", name="Copy link (CSV)").click()
    expect(page.get_by_text("Link copied.")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    assert sales.client.get(link).text == "item\nnut\nscrew\n"


def test_on_a_phone_values_and_the_form_fit(sales: Workspace, open_page: Open) -> None:
    save(sales, "Three", "FROM sales WHERE qty > $least AND day >= $since AND item = $item")
    page = open_page(
        f"{sales.explore}#mode=sql&saved=three", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    expect(page.locator("[data-param]")).to_have_count(3)
    item = page.get_by_role("menuitem", name="Rename or describe")
    for _ in range(5):  # a tap may meet the menu while it is drawn anew
        page.locator(".d-tools summary").tap()
        with contextlib.suppress(TimeoutError):
            item.tap(timeout=5_000)
            break
    expect(page.get_by_label("Name")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
