"""The home page in a real browser."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect

from tests.servers.certificates import issued
from tests.servers.foreign import Foreign

CHROMIUM = "/usr/bin/chromium"
QUIET = """
--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync
""".split()  # noqa: SIM905


@pytest.fixture
async def page(deita: Any) -> AsyncIterator[Page]:
    """A page of somebody who has just signed in; fails the test when a script of the page fails."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is needed: install Debian's chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        opened = await browser.new_page()
        errors: list[str] = []
        opened.on("pageerror", lambda error: errors.append(str(error)))
        await opened.goto(deita.cli("user", "link", "me").stdout.strip())
        yield opened
        await browser.close()
        assert errors == []


async def test_a_workspace_is_created_and_opens(page: Page, deita: Any) -> None:
    await page.click("#new")
    await page.fill("#create-name", "Made in a browser")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/services/deita/open/made-in-a-browser")
    await expect(page.locator("#waiting h1")).to_have_text("Opening Made in a browser…")
    await page.wait_for_url(re.compile(r"/user/me/made-in-a-browser/"), timeout=60_000, wait_until="commit")


async def test_renaming_in_place_and_undoing_a_deletion(page: Page, deita: Any) -> None:
    deita.cli("workspace", "create", "Old name", "--slug", "old-name")
    await page.reload()
    row = page.locator("[data-slug=old-name]")
    await row.hover()
    await row.get_by_role("button", name="Rename Old name").click()
    await row.get_by_label("New name").fill("New <name>")
    await page.keyboard.press("Enter")
    await expect(row.locator(".name")).to_have_text("New <name>")
    await row.locator("[data-do=delete]").click()
    await expect(row.locator(".gone")).to_contain_text("Deleted New <name>")
    await row.get_by_role("button", name="Undo").click()
    await expect(row.locator(".face")).to_be_visible()
    await page.reload()
    await expect(row.locator(".name")).to_have_text("New <name>")


async def test_a_failure_is_said_where_it_happened(page: Page) -> None:
    await page.click("#new")
    await page.fill("#create-name", "   ")
    await page.click("#create button[type=submit]")
    await expect(page.locator("#create .problem")).to_have_text("A workspace needs a name.")


async def test_a_workspace_that_does_not_open_says_why_and_where_its_log_is(page: Page, deita: Any, me: Any) -> None:
    me.post("/workspaces", json={"name": "Broken", "slug": "broken"})
    await page.goto(f"{deita.url}/services/deita/open/broken")
    await expect(page.locator("#failed h1")).to_have_text("Broken did not open", timeout=30_000)
    await expect(page.locator("#reason")).to_contain_text("exit code 3")
    await expect(page.locator("#failed")).to_contain_text("logs/servers/me--broken.log")


async def test_it_fits_a_phone(page: Page, deita: Any) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{deita.url}/services/deita/")
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


async def test_an_owner_adds_tests_and_removes_a_database(page: Page, deita: Any, me: Any, foreign: Foreign) -> None:
    me.post("/workspaces", json={"name": "Reads", "slug": "reads"})
    await page.reload()
    row = page.locator("[data-slug=reads]")
    await row.hover()
    await row.get_by_role("button", name="Databases of Reads").click()
    for label, value in {"Name of the connection": "crm", **foreign.connection}.items():
        await row.get_by_label(label.capitalize(), exact=True).fill(str(value))
    await row.get_by_role("button", name="Add", exact=True).first.click()
    await row.get_by_role("button", name="Test crm").click(timeout=60_000)
    await expect(row.locator(".databases li")).to_contain_text("works: PostgreSQL", timeout=60_000)
    assert foreign.password not in await page.content()
    if folder := os.environ.get("DEITA_SCREENSHOTS"):
        await page.screenshot(path=f"{folder}/databases.png")
    assert [each["name"] for each in me.get("/workspaces/reads/connections").json()["items"]] == ["crm"]
    await row.get_by_role("button", name="Remove crm").click()
    await row.get_by_role("button", name="Remove crm").click()
    await expect(row.locator(".databases li")).to_have_count(0, timeout=60_000)
    assert me.get("/workspaces/reads/connections").json()["items"] == []
    await adds_a_managed_database(row, foreign)
    assert me.get("/workspaces/reads/connections/managed").json()["ca"].startswith("-----BEGIN CERTIFICATE-----")


async def adds_a_managed_database(row: Locator, foreign: Foreign) -> None:
    """One with an authority of its own; this server shows no certificate at all."""
    for label, value in {"Name of the connection": "managed", **foreign.connection}.items():
        await row.get_by_label(label.capitalize(), exact=True).fill(str(value))
    file = row.get_by_label("Its authority’s certificate")
    await expect(file).to_be_hidden()
    await row.get_by_label("Encryption").select_option("verify-full")
    authority = issued("localhost").authority.encode()
    await file.set_input_files({"name": "ca.pem", "mimeType": "application/x-pem-file", "buffer": authority})
    await row.get_by_role("button", name="Add", exact=True).first.click()
    await row.get_by_role("button", name="Test managed").click(timeout=60_000)
    await expect(row.locator(".databases .problem")).to_contain_text("No encrypted connection", timeout=60_000)
    await expect(file).to_be_hidden()


async def test_an_owner_adds_changes_and_removes_members(page: Page, deita: Any, me: Any) -> None:
    me.post("/workspaces", json={"name": "Together", "slug": "together"})
    await page.reload()
    row = page.locator("[data-slug=together]")
    await row.hover()
    await row.get_by_role("button", name="Members of Together").click()
    await row.get_by_label("Name of a person").fill("ana")
    await row.get_by_role("button", name="Add").click()
    await row.get_by_label("Role of ana").select_option("viewer")
    await row.get_by_role("button", name="Remove ana").wait_for()
    await expect(row.locator(".members .problem")).to_be_hidden()
    await row.get_by_role("button", name="Remove me").click()
    await expect(row.locator(".members .problem")).to_contain_text("only owner")
    await row.get_by_role("button", name="Remove ana").click()
    await row.get_by_role("button", name="Undo removing ana").click()
    await expect(row.get_by_label("Role of ana")).to_have_value("viewer")
    items = me.get("/workspaces/together/members").json()["items"]
    assert [(item["person"], item["role"]) for item in items] == [("ana", "viewer"), ("me", "owner")]
