"""The running server: what it answers, what it does not load, how it ends."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import httpx

from ..live_hub import Hub, Server, alive, children, eventually


def test_the_server_address_leads_to_explore(server: Server) -> None:
    answer = server.get("")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/user/me/shop/apps/explore")


def test_a_stranger_is_sent_to_sign_in_by_pages_and_refused_by_the_api(server: Server) -> None:
    assert "/hub/api/oauth2/authorize" in httpx.get(server.url).headers["Location"]
    assert httpx.get(server.url + "api/kernels").status_code == 403
    assert httpx.get(server.url + "apps/explore").status_code == 302
    assert httpx.post(server.url + "api/kernels").status_code == 403


def test_another_persons_token_is_refused(hub: Hub, server: Server) -> None:
    headers = {"Authorization": f"token {hub.token('else')}"}
    assert httpx.get(server.url + "api/kernels", headers=headers).status_code == 403


def test_a_token_needs_no_xsrf(server: Server) -> None:
    assert server.post("api/contents", json={"type": "notebook"}).status_code == 201


def test_a_page_can_read_the_xsrf_cookie_and_post_with_it(hub: Hub, server: Server) -> None:
    with contextlib.closing(hub.browser("me", "/user/me/shop/lab")) as browser:
        browser.headers["Sec-Fetch-Mode"] = "navigate"
        browser.get(server.url + "lab")
        cookie = next(
            cookie for cookie in browser.cookies.jar if cookie.name == "_xsrf" and cookie.path == "/user/me/shop/"
        )
        assert "HttpOnly" not in cookie._rest
        browser.headers["Sec-Fetch-Mode"] = "same-origin"
        body = {"type": "notebook"}
        refused = browser.post(server.url + "api/contents", json=body)
        taken = browser.post(server.url + "api/contents", json=body, headers={"X-XSRFToken": str(cookie.value)})
        assert (refused.status_code, taken.status_code) == (403, 201)


def test_notebooks_live_in_the_workspace(server: Server) -> None:
    made = server.post("api/contents", json={"type": "notebook"}).json()
    assert (server.storage / "notebooks" / made["path"]).is_file()


def test_an_idle_server_has_loaded_neither_lab_nor_voila_nor_a_database(hub: Hub) -> None:
    idle = hub.start("me", "idle")
    maps = Path(f"/proc/{idle.pid}/maps").read_text()
    assert not [name for name in ("sqlalchemy", "pydantic_core", "duckdb", "pyarrow", "aiohttp") if name in maps]
    pss = next(
        line for line in Path(f"/proc/{idle.pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:")
    )
    assert int(pss.split()[1]) < 75 * 1024
    hub.stop("me", "idle")


def test_sigterm_ends_server_and_kernels_within_five_seconds(hub: Hub) -> None:
    ending = hub.start("me", "ending")
    assert ending.post("api/kernels", json={"name": "python3"}).status_code == 201
    (kernel,) = children(ending.pid)
    began = time.monotonic()
    os.kill(ending.pid, signal.SIGTERM)
    eventually(lambda: not alive(ending.pid) and not alive(kernel), "the end")
    assert time.monotonic() - began < 5


def test_kernels_end_with_a_killed_server(hub: Hub) -> None:
    killed = hub.start("me", "killed")
    killed.post("api/kernels", json={"name": "python3"})
    (kernel,) = children(killed.pid)
    os.kill(killed.pid, signal.SIGKILL)
    eventually(lambda: not alive(kernel), "the kernel's end")


def test_nothing_of_the_server_is_written_into_the_home_folder(server: Server) -> None:
    jupyter = server.storage / "people" / "me" / "jupyter"
    assert jupyter.stat().st_mode & 0o777 == 0o700
    assert (jupyter / "cookie_secret").stat().st_mode & 0o777 == 0o600
