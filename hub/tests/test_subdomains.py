"""Each person's servers at an origin of their own: real hub, proxy, servers and browser below `deita.localhost`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.async_api import async_playwright, expect

from hub.tests.service.test_pages import CHROMIUM, QUIET

from .conftest import API, Deita, free_port


class OnThisMachine(httpx.HTTPTransport):
    """Connects to 127.0.0.1 whatever the host is called, which only browsers do for `*.localhost`."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


def client(deita: Deita, person: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {deita.token(person)}"}
    return httpx.Client(base_url=deita.url + API, headers=headers, timeout=60, transport=OnThisMachine())


@pytest.fixture(scope="module")
def deita(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    port = free_port()
    settings = {"DEITA_SUBDOMAIN_HOST": f"http://deita.localhost:{port}", "DEITA_TRUST_EVERYONE": "1"}
    installation = Deita(tmp_path_factory.mktemp("subdomains") / "home", DEITA_PORT=str(port), **settings)
    installation.port, installation.url = port, settings["DEITA_SUBDOMAIN_HOST"]
    installation.start()
    yield installation
    installation.stop()


@pytest.fixture(scope="module")
def me(deita: Deita) -> Iterator[httpx.Client]:
    with client(deita, "me") as control:
        yield control


@pytest.fixture(scope="module")
def workspace(me: httpx.Client, until: Any) -> dict[str, Any]:
    """The first workspace, whose server runs and has the sample data; `vic` is a viewer."""
    me.post("/workspaces/start/start").raise_for_status()

    def loaded() -> dict[str, Any] | None:
        found: dict[str, Any] = me.get("/workspaces/start").json()
        tables = me.get(f"{found['server']['api']}/tables") if found["server"]["state"] == "ready" else None
        return found if tables is not None and tables.is_success and tables.json()["items"] else None

    return dict(until(loaded, 120, "the sample data"))


def test_servers_are_at_their_persons_origin(deita: Deita, workspace: dict[str, Any], me: httpx.Client) -> None:
    assert workspace["server"]["api"] == f"http://me.deita.localhost:{deita.port}/user/me/start/deita/api/v1"
    query = {"sql": "select 42 as answer", "wait_ms": 30_000}
    assert me.post(f"{workspace['server']['api']}/queries", json=query).json()["rows"] == [[42]]


@pytest.mark.parametrize("host", ["", "ana."], ids=["home", "another person"])
def test_elsewhere_they_do_not_answer(deita: Deita, workspace: dict[str, Any], me: httpx.Client, host: str) -> None:
    url = f"http://{host}deita.localhost:{deita.port}/user/me/start/deita/api/v1/tables"
    assert me.get(url).status_code == 503


def test_pages_of_the_hub_are_at_the_home_pages_origin(deita: Deita, me: httpx.Client) -> None:
    for path in ("/services/deita/", "/services/deita/open/start?next=x", "/hub/logout"):
        answer = me.get(f"http://me.deita.localhost:{deita.port}{path}")
        assert (answer.status_code, answer.headers["location"]) == (302, deita.url + path)


def test_the_command_line_finds_deita(deita: Deita) -> None:
    assert "start" in deita.cli("workspace", "list").stdout
    assert deita.cli("user", "link", "me").stdout.startswith(f"{deita.url}/hub/sign-in?token=")
    assert "an origin of their own below http://deita.localhost" in deita.cli("check", check=False).stdout


async def test_people_sign_in_open_explore_and_come_back(deita: Deita, workspace: dict[str, Any]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        await page.goto(deita.link)
        await page.click("[data-slug=start] .face")
        await page.wait_for_url(f"http://me.deita.localhost:{deita.port}/user/me/start/apps/explore**", timeout=60_000)
        await expect(page.locator(".d-account")).to_have_text("me", timeout=60_000)
        cookies = {(each["name"], each["domain"]) for each in await page.context.cookies()}
        assert {domain for name, domain in cookies if name.startswith("jupyterhub-user-")} == {"me.deita.localhost"}
        assert {domain for name, domain in cookies if name.startswith("deita-session")} == {"deita.localhost"}
        assert {domain for name, domain in cookies if name.startswith("jupyterhub-hub")} == {"deita.localhost"}
        await page.goto(f"http://me.deita.localhost:{deita.port}/user/me/start/lab")
        await expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=60_000)
        await page.goto(f"http://me.deita.localhost:{deita.port}/services/deita/")
        await expect(page.locator("[data-slug=start]")).to_be_visible()
        assert urlsplit(page.url).netloc == f"deita.localhost:{deita.port}"
        await browser.close()


STEAL = """async (url) => {
    try { return (await fetch(url, {credentials: 'include'})).status } catch { return 'refused' }
}"""


async def test_a_page_cannot_read_what_is_at_another_origin(deita: Deita, workspace: dict[str, Any]) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = await browser.new_page()
        await page.goto(deita.cli("user", "link", "me").stdout.strip())
        assert await page.evaluate(STEAL, f"{deita.url}{API}/workspaces") == 200
        await page.goto(f"http://me.deita.localhost:{deita.port}/user/me/start/apps/explore")
        await expect(page.locator(".d-account")).to_have_text("me", timeout=60_000)
        assert await page.evaluate(STEAL, f"{deita.url}{API}/workspaces") == "refused"
        assert await page.evaluate(STEAL, f"{deita.url}/hub/api/user") == "refused"
        await browser.close()
