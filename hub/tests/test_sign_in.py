"""Signing in by a link, and the session that comes of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

HOME = "/services/deita/"


@pytest.fixture
def browser(deita: Any) -> Any:
    """Something that keeps cookies and follows redirects, like a browser without JavaScript."""
    with httpx.Client(base_url=deita.url, follow_redirects=True, trust_env=False, timeout=30) as client:
        yield client


def fresh_link(deita: Any, person: str = "me") -> str:
    return str(deita.cli("user", "link", person).stdout.strip())


def test_the_printed_link_signs_in_and_leads_home_once(deita: Any, browser: httpx.Client) -> None:
    home = browser.get(deita.link)
    assert (home.status_code, home.url.path) == (200, HOME)
    assert "My workspace" in home.text
    again = browser.get(deita.link)
    assert again.url.path == HOME, "an old link just goes home for who is signed in"
    with httpx.Client(follow_redirects=True, trust_env=False) as other:
        refused = other.get(deita.link)
    assert refused.status_code == 403
    assert "already used" in refused.text
    assert "deita user link me" in refused.text


def test_who_is_not_signed_in_is_told_how(deita: Any, browser: httpx.Client) -> None:
    for path in ("/", HOME, "/hub/home", "/user/me/start/apps/explore"):
        page = browser.get(path, headers={"Accept": "text/html"})
        assert page.url.path == "/hub/login", path
        assert "deita user link me" in page.text


def test_after_signing_in_the_wanted_page_is_shown(deita: Any, browser: httpx.Client) -> None:
    login = browser.get(f"{HOME}open/start?next={quote('/user/me/start/lab')}")
    wanted = login.url.params["next"]
    page = browser.get(fresh_link(deita), params={"next": wanted} | dict(httpx.URL(fresh_link(deita)).params))
    assert page.status_code == 200
    assert page.url.path.startswith((f"{HOME}open/start", HOME))


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org", "javascript:alert(1)"])
def test_nobody_is_sent_elsewhere(deita: Any, browser: httpx.Client, target: str) -> None:
    link = httpx.URL(fresh_link(deita)).copy_merge_params({"next": target})
    answer = browser.get(link, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (302, HOME)
    page = browser.get(f"{HOME}open/start", params={"next": target})
    assert 'data-target="/user/me/start/apps/explore"' in page.text


def test_a_session_may_change_things_only_with_the_header(deita: Any, browser: httpx.Client) -> None:
    browser.get(fresh_link(deita))
    api = f"{HOME}api/v1"
    assert browser.get(f"{api}/me").json()["name"] == "me"
    body = {"name": "By session"}
    refused = browser.post(f"{api}/workspaces", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "xsrf")
    wrong = browser.post(f"{api}/workspaces", json=body, headers={"X-XSRFToken": "0" * 64})
    assert wrong.status_code == 403
    xsrf = browser.cookies["deita-xsrf"]
    assert browser.post(f"{api}/workspaces", json=body, headers={"X-XSRFToken": xsrf}).status_code == 201
    planted = browser.post(
        f"{api}/workspaces", json=body, headers={"X-XSRFToken": "1", "Cookie": f"deita-session={'x'}; deita-xsrf=1"}
    )
    assert planted.status_code == 401


def test_the_session_cookie_is_closed_to_scripts_and_other_sites(deita: Any, browser: httpx.Client) -> None:
    answer = browser.get(fresh_link(deita))
    cookies = [value for each in answer.history for value in each.headers.get_list("set-cookie")]
    session = next(value for value in cookies if value.startswith("deita-session=") and '=""' not in value)
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert f"Path={HOME}" in session


def test_signing_out_ends_the_session(deita: Any, browser: httpx.Client) -> None:
    browser.get(fresh_link(deita))
    assert browser.get(f"{HOME}sign-out").url.path == "/hub/login"
    assert browser.get(f"{HOME}api/v1/me").status_code == 401
    assert browser.get(HOME).url.path == "/hub/login"


def test_a_link_for_somebody_else_switches_to_them(deita: Any, browser: httpx.Client, tokens: dict[str, str]) -> None:
    browser.get(fresh_link(deita, "me"))
    assert browser.get(f"{HOME}api/v1/me").json()["name"] == "me"
    browser.get(fresh_link(deita, "ana"))
    assert browser.get(f"{HOME}api/v1/me").json()["name"] == "ana"


def test_a_sign_in_that_this_browser_did_not_begin_is_refused(browser: httpx.Client) -> None:
    answer = browser.get(f"{HOME}oauth_callback?code=abc&state=def")
    assert answer.status_code == 400
    assert "did not work" in answer.text


def test_the_hubs_own_pages_lead_home(deita: Any, browser: httpx.Client) -> None:
    browser.get(fresh_link(deita))
    for path in ("/", "/hub/", "/hub/home", "/hub/spawn", "/user/me/", "/services/deita"):
        assert browser.get(path).url.path == HOME, path
    opening = browser.get("/hub/spawn/me/start")
    assert opening.url.path == f"{HOME}open/start"


def test_pages_fetch_nothing_from_elsewhere(deita: Any, browser: httpx.Client) -> None:
    pages = [browser.get("/hub/login"), browser.get(fresh_link(deita)), browser.get(f"{HOME}open/start")]
    pages.append(browser.get("/hub/there-is-no-such-page"))
    for page in pages:
        for attribute in ('src="http', 'href="http', 'src="//', 'href="//', "url(http"):
            assert attribute not in page.text, page.url
