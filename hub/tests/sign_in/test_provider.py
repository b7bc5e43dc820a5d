"""Signing in at a provider: a real one, in a real browser, with all that can go wrong on the way."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from .conftest import SECRET, Deita, Provider, made

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOME = "/services/deita/"


async def fresh(browser: Browser) -> Page:
    """A browser of somebody else; the provider's page may not fetch its fonts from elsewhere."""
    page = await (await browser.new_context()).new_page()
    await page.route("**://fonts.googleapis.com/**", lambda route: route.abort())
    return page


async def begin(page: Page, deita: Deita, wanted: str = "") -> None:
    """Up to the provider's own page."""
    await page.goto(f"{deita.url}{wanted or HOME}")
    await page.click("text=Sign in with Keycloak")


async def sign_in(page: Page, deita: Deita, account: str, wanted: str = "") -> None:
    await begin(page, deita, wanted)
    await page.fill("[name=login]", account)
    await page.fill("[name=password]", "any")
    await page.click("button[type=submit]")


async def refused(page: Page, code: str) -> str:
    """What the page says of a refusal."""
    await expect(page.locator("code")).to_have_text(code, timeout=60_000)
    return str(await page.inner_text("main"))


def up_to_callback(deita: Deita, account: str) -> tuple[str, dict[str, str]]:
    """The address at which the provider sends the browser back, and the cookies that this has of Deita by then."""
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"{deita.url}/hub/oauth_login")
        state = dict(client.cookies)
        while "/hub/oauth_callback" not in answer.headers.get("location", ""):
            if answer.is_redirect:
                answer = client.get(answer.url.join(answer.headers["location"]))
            else:
                form = {"prompt": "login", "login": account, "password": "any"}
                answer = client.post(answer.url, data=form)
            assert answer.status_code < 400, answer.text
        return answer.headers["location"], state


def audit(deita: Deita) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(deita.home / "catalog.sqlite")) as catalog:
        return catalog.execute("SELECT person, action, details FROM audit ORDER BY id").fetchall()


async def test_without_the_provider_a_page_says_so_and_links_work(
    pair: tuple[Deita, Provider], browser: Browser
) -> None:
    deita, provider = pair
    check = deita.cli("check", check=False)
    assert "BROKEN  sign-in" in check.stdout and "DEITA_SIGN_IN_ISSUER" in check.stdout
    page = await fresh(browser)
    await page.goto(f"{deita.url}{HOME}")
    await page.click("text=Sign in with Keycloak")
    assert "Keycloak cannot be reached" in await refused(page, "provider_unavailable")
    await page.goto(deita.link)
    await expect(page.locator("h1")).to_be_visible()
    assert page.url == deita.url + HOME
    provider.start()
    check = deita.cli("check", check=False)
    assert "ok      sign-in    at Keycloak" in check.stdout and "@example.org" in check.stdout


async def test_people_come_in_where_they_wanted_to_and_out_again(
    pair: tuple[Deita, Provider], browser: Browser
) -> None:
    deita, _ = pair
    page = await fresh(browser)
    callbacks: list[str] = []
    page.on("request", lambda request: callbacks.append(request.url) if "/hub/oauth_callback" in request.url else None)
    await sign_in(page, deita, "1", f"{HOME}open/nowhere")
    await expect(page.locator("h1")).to_have_text("There is no such workspace", timeout=60_000)
    me = await page.evaluate(f"fetch('{HOME}api/v1/me').then(answer => answer.json())")
    assert me == {"name": "ana", "admin": False}, "nobody becomes an administrator by being first"

    await page.goto(callbacks[0])
    assert page.url == deita.url + HOME, "on the way back nothing happens"
    other = await fresh(browser)
    await other.goto(callbacks[0])
    await refused(other, "expired")

    await page.goto(f"{deita.url}{HOME}sign-out")
    await page.click("button[value=yes]")
    await page.wait_for_url(f"{deita.url}/hub/login**")
    assert await page.evaluate(f"fetch('{HOME}api/v1/me').then(answer => answer.status)") == 401
    await page.click("text=Sign in with Keycloak")
    await expect(page.locator("[name=login]")).to_be_visible(timeout=60_000)


async def test_who_may_not_come_in_is_told_what_to_do(pair: tuple[Deita, Provider], browser: Browser) -> None:
    deita, _ = pair
    cases = {"2": "not_allowed", "3": "unverified_email", "4": "name_taken", "5": "name_unusable"}
    for account, code in cases.items():
        page = await fresh(browser)
        await sign_in(page, deita, account)
        said = await refused(page, code)
        assert await page.evaluate(f"fetch('{HOME}api/v1/me').then(answer => answer.status)") == 401
        assert "evil-example" not in said
    page = await fresh(browser)
    await begin(page, deita)
    await page.click("text=Cancel")
    assert "cancelled at Keycloak" in await refused(page, "cancelled")
    details = [details for person, action, details in audit(deita) if (person, action) == ("-", "sign_in.refused")]
    assert len(details) == 5
    for each, code in zip(details, [*cases.values(), "cancelled"], strict=True):
        assert f'"code": "{code}"' in each


async def test_the_first_administrator_and_members_are_named_before_they_come(
    pair: tuple[Deita, Provider], browser: Browser
) -> None:
    deita, _ = pair
    assert "at Keycloak as boss" in deita.cli("user", "add", "boss", "--admin").stdout
    deita.cli("workspace", "create", "Shop")
    assert "vera is editor" in deita.cli("workspace", "add", "shop", "Vera").stdout
    page = await fresh(browser)
    await sign_in(page, deita, "7")
    await expect(page).to_have_url(deita.url + HOME, timeout=60_000)
    me = await page.evaluate(f"fetch('{HOME}api/v1/me').then(answer => answer.json())")
    assert me == {"name": "boss", "admin": True}
    page = await fresh(browser)
    await sign_in(page, deita, "6")
    await expect(page.locator("[data-slug=shop]")).to_be_visible(timeout=60_000)
    listed = deita.cli("user", "list").stdout
    assert f"vera  (vera at {pair[1].url})" in listed and f"boss  (admin, boss at {pair[1].url})" in listed


async def test_a_sign_in_counts_once_and_in_the_browser_that_began_it(
    pair: tuple[Deita, Provider], browser: Browser
) -> None:
    deita, _ = pair
    callback, state = up_to_callback(deita, "1")
    victim = await fresh(browser)
    await begin(victim, deita)
    await victim.goto(callback)
    await refused(victim, "expired")
    for damaged in ("", "&state=W10=", "&state=%ff", "&state=x"):
        await victim.goto(f"{deita.url}/hub/oauth_callback?code=x{damaged}")
        await refused(victim, "expired")
    with httpx.Client(base_url=deita.url, trust_env=False, cookies=state) as client:
        assert client.get(callback).headers["location"] == HOME
    with httpx.Client(base_url=deita.url, trust_env=False, cookies=state) as client:
        again = client.get(callback)
        assert (again.status_code, "provider_refused" in again.text) == (502, True)
        for _ in range(20):
            last = client.get(callback)
        assert last.status_code == 429 and int(last.headers["retry-after"]) > 0


async def test_no_secret_and_no_token_is_in_a_log(pair: tuple[Deita, Provider]) -> None:
    deita, _ = pair
    logs = "".join(path.read_text(errors="replace") for path in Path(deita.home / "logs").glob("*.log"))
    assert "Sign-in refused: not_allowed at Keycloak for 'eve'" in logs
    for secret in (SECRET, "eyJ", "code_verifier", "evil-example.org"):
        assert secret not in logs


@pytest.mark.parametrize("host", ["deita.localhost"])
async def test_with_subdomains_it_is_the_home_pages_origin(tmp_path: Path, browser: Browser, host: str) -> None:
    deita, provider = made(tmp_path / "two", host=host, DEITA_SIGN_IN_PEOPLE="eve", DEITA_SIGN_OUT="deita")
    provider.start()
    deita.start()
    try:
        page = await fresh(browser)
        await page.goto(f"http://eve.{host}:{deita.port}/hub/oauth_login")
        await page.fill("[name=login]", "2")
        await page.fill("[name=password]", "any")
        await page.click("button[type=submit]")
        await expect(page).to_have_url(deita.url + HOME, timeout=60_000)
        assert {each["domain"] for each in await page.context.cookies(deita.url)} <= {host, f".{host}"}
        await page.goto(f"{deita.url}{HOME}sign-out")
        await expect(page).to_have_url(f"{deita.url}/hub/login", timeout=60_000)
    finally:
        provider.stop()
        deita.stop()
