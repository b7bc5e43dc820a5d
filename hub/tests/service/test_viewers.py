"""Viewers: let into the dashboard server of their workspace, and out of it again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from hub.tests.service.test_pages import CHROMIUM, QUIET

SECONDS = 30


@pytest.fixture(scope="module")
def gallery(me: httpx.Client, open_server: Callable[..., Any], until: Callable[..., Any]) -> str:
    """A workspace with a table."""
    me.post("/workspaces", json={"name": "Gallery", "slug": "gallery"})
    api = open_server("gallery")["server"]["api"]
    with httpx.Client(base_url=api, headers=me.headers, trust_env=False, timeout=60) as client:
        client.put("/files/pictures.csv", content=b"name,price\nblue,10\nred,20\n")
        made = client.post("/imports", json={"file": "pictures.csv"}).json()
        assert client.get(f"/imports/{made['id']}", params={"wait_ms": 60_000}).json()["state"] == "done"
    return "gallery"


@pytest.fixture
def vic(deita: Any, tokens: dict[str, str], me: httpx.Client, gallery: str) -> Iterator[httpx.Client]:
    """The control plane as a viewer sees it."""
    me.post(f"/workspaces/{gallery}/members", json={"person": "vic", "role": "viewer"})
    with deita.client(tokens["vic"]) as client:
        yield client
    me.delete(f"/workspaces/{gallery}/members/vic")


def test_a_viewer_starts_the_dashboard_server_and_only_looks(
    vic: httpx.Client, gallery: str, open_server: Callable[..., Any]
) -> None:
    api = open_server(gallery, vic)["server"]["api"]
    assert f"/user/dash-{gallery}/{gallery}/" in api
    with httpx.Client(base_url=api, headers=vic.headers, trust_env=False, timeout=60) as client:
        assert client.get("/workspace").json()["person"] == "vic"
        query = {"sql": "select sum(price) from pictures", "wait_ms": 30_000}
        assert client.post("/queries", json=query).json()["rows"] == [[30]]
        assert client.put("/files/x.csv", content=b"x").status_code == 403
    assert vic.post(f"/workspaces/{gallery}/stop").status_code == 403


def test_a_viewer_of_one_workspace_is_a_stranger_in_another(
    vic: httpx.Client, me: httpx.Client, gallery: str, deita: Any, open_server: Callable[..., Any]
) -> None:
    open_server(gallery, vic)
    assert vic.get("/workspaces/start").status_code == 404
    own = open_server(gallery)["server"]["api"]
    assert httpx.get(f"{own}/tables", headers=vic.headers, trust_env=False).status_code == 403
    with deita.client(deita.token("stranger")) as stranger:
        answer = httpx.get(f"{deita.url}/user/dash-{gallery}/{gallery}/deita/api/v1/tables", headers=stranger.headers)
        assert answer.status_code == 403


def test_a_removed_viewer_is_out_within_half_a_minute(
    vic: httpx.Client, me: httpx.Client, gallery: str, open_server: Callable[..., Any], until: Callable[..., Any]
) -> None:
    api = open_server(gallery, vic)["server"]["api"]
    assert httpx.get(f"{api}/tables", headers=vic.headers, trust_env=False).status_code == 200
    assert me.delete(f"/workspaces/{gallery}/members/vic").status_code == 204
    began = time.monotonic()
    until(lambda: httpx.get(f"{api}/tables", headers=vic.headers, trust_env=False).status_code == 403, SECONDS, "out")
    assert vic.post(f"/workspaces/{gallery}/start").status_code == 404
    assert time.monotonic() - began < SECONDS


async def test_a_viewer_opens_explore_from_the_home_page(vic: httpx.Client, gallery: str, deita: Any) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        await page.goto(deita.cli("user", "link", "vic").stdout.strip())
        await page.click(f"[data-slug={gallery}] .face")
        await page.wait_for_url(f"**/user/dash-{gallery}/{gallery}/apps/explore**", timeout=60_000)
        await expect(page.get_by_text("pictures").first).to_be_visible(timeout=60_000)
        await expect(page.get_by_text("your role is viewer")).to_be_visible()
        await expect(page.locator(".d-account")).to_have_text("vic")
        await expect(page.get_by_text("Open in JupyterLab")).to_have_count(0)
        await browser.close()
