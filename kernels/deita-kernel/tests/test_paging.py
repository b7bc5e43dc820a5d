"""The pages of a long result in a real browser, which asks the real data plane with its own cookie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import deita
import pytest
from deita_kernel.display import bundle
from playwright.sync_api import Page, expect, sync_playwright

if TYPE_CHECKING:
    from kernels.conftest import DataPlane

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
# As JupyterLab puts trusted HTML into an output area: scripts are made anew, so that they run.
INSERT = """html => {
  const host = document.createElement("div");
  host.innerHTML = html;
  document.body.replaceChildren(host);
  for (const old of host.querySelectorAll("script")) {
    const script = document.createElement("script");
    script.textContent = old.textContent;
    old.replaceWith(script);
  }
}"""


@pytest.fixture
def page(data_plane: DataPlane) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(10_000)
        page.goto(f"{data_plane.url}/api/status?token={data_plane.token}")  # sets the cookie; runs no scripts itself
        page.goto(f"{data_plane.url}/static/favicons/favicon.ico")
        yield page
        browser.close()


def show(page: Page, ws: deita.Workspace, sql: str) -> None:
    page.evaluate(INSERT, bundle(ws.sql(sql), ws.transport.base)["text/html"])


def test_next_and_previous_walk_through_all_rows(page: Page, near: deita.Workspace) -> None:
    show(page, near, "SELECT range AS n, CASE WHEN range = 25 THEN NULL ELSE '<b>' || range END AS s FROM range(45)")
    cells, foot = page.locator("tbody td"), page.locator("[aria-live]")
    expect(foot).to_have_text("1–20 of 45")
    expect(page.locator(".deita-foot")).not_to_contain_text("shown")
    expect(page.get_by_label("Previous rows")).to_be_disabled()
    page.get_by_label("Next rows").click()
    expect(foot).to_have_text("21–40 of 45")
    expect(cells.nth(1)).to_have_text("<b>20")
    expect(cells.nth(11)).to_have_text("null")
    page.get_by_label("Next rows").click()
    expect(foot).to_have_text("41–45 of 45")
    expect(page.get_by_label("Next rows")).to_be_disabled()
    expect(page.locator("tbody tr")).to_have_count(5)
    page.get_by_label("Previous rows").click()
    page.get_by_label("Previous rows").click()
    expect(foot).to_have_text("1–20 of 45")
    expect(cells.nth(0)).to_have_text("0")


def test_a_click_on_a_header_sorts_all_rows_and_a_third_leaves_them_as_they_were(
    page: Page, near: deita.Workspace
) -> None:
    show(page, near, "SELECT range AS n, range % 7 AS rest, 1 AS same, 2 AS Same FROM range(45)")
    cells, heads = page.locator("tbody td"), page.locator("thead th")
    page.get_by_label("Next rows").click()
    expect(page.locator("[aria-live]")).to_have_text("21–40 of 45")
    heads.nth(0).click()
    expect(heads.nth(0)).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("[aria-live]")).to_have_text("1–20 of 45")
    heads.nth(0).press("Enter")
    expect(heads.nth(0)).to_have_attribute("aria-sort", "descending")
    expect(cells.nth(0)).to_have_text("44")
    page.get_by_label("Next rows").click()
    expect(cells.nth(0)).to_have_text("24")
    heads.nth(1).click()
    expect(cells.nth(1)).to_have_text("0")
    for _ in range(2):
        heads.nth(1).click()
        expect(page.locator("[aria-live]")).to_have_text("1–20 of 45")
    expect(cells.nth(0)).to_have_text("0")
    expect(page.locator("[aria-sort]")).to_have_count(0)
    expect(page.locator("th[tabindex]")).to_have_count(2)


def test_rows_that_are_gone_are_told_and_the_first_rows_stay(page: Page, near: deita.Workspace) -> None:
    result = near.sql("SELECT range AS n FROM range(45)")
    html = bundle(result, near.transport.base)["text/html"].replace(result.id, "00000000-0000-4000-8000-000000000000")
    page.evaluate(INSERT, html)
    page.get_by_label("Next rows").click()
    expect(page.locator("[aria-live]")).to_contain_text("Run the cell again")
    expect(page.locator("tbody tr")).to_have_count(20)


def test_without_the_script_the_first_rows_stand_by_themselves(page: Page, near: deita.Workspace) -> None:
    html = bundle(near.sql("SELECT range AS n FROM range(45)"), near.transport.base)["text/html"]
    page.evaluate("html => { document.body.innerHTML = html }", html)
    expect(page.locator("tbody tr")).to_have_count(20)
    expect(page.locator("button")).to_have_count(0)
