"""What a program or a browser gets from a server that does not run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.fixture(scope="module")
def stopped(me: httpx.Client) -> str:
    me.post("/workspaces", json={"name": "Stopped"})
    return "stopped"


@pytest.mark.parametrize("prefix", ["/user", "/hub/user"])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_gets_the_503_with_the_way_to_start(
    deita: Any, stopped: str, tokens: dict[str, str], method: str, prefix: str
) -> None:
    url = f"{deita.url}{prefix}/me/{stopped}/deita/api/v1/files/sales.csv"
    headers = {"Authorization": f"Bearer {tokens['me']}"}
    answer = httpx.request(method, url, headers=headers, trust_env=False)
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    if method != "HEAD":
        body = answer.json()
        assert set(body) == {"code", "message", "hint", "details", "request_id"}
        assert body["code"] == "server_stopped"
        started = httpx.post(body["details"]["start"], headers={"Authorization": "Bearer wrong"}, trust_env=False)
        assert started.status_code == 401, "the start URL is a real one"


def test_bodies_do_not_disturb_the_answers_that_follow(deita: Any, stopped: str) -> None:
    url = f"{deita.url}/user/me/{stopped}/deita/api/v1/files/sales.csv"
    with httpx.Client(trust_env=False) as client:
        for _ in range(50):
            answer = client.put(url, content=b"a\n1\n" * 1000)
            assert (answer.status_code, answer.headers.get("retry-after")) == (503, "2")


def test_a_large_upload_is_answered_too(deita: Any, stopped: str) -> None:
    def megabytes() -> Iterator[bytes]:
        for _ in range(150):
            yield bytes(1_000_000)

    url = f"{deita.url}/user/me/{stopped}/deita/api/v1/files/big.csv"
    answer = httpx.put(url, content=megabytes(), trust_env=False, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (503, "server_stopped")


def test_it_does_not_tell_which_workspaces_exist(deita: Any) -> None:
    for path in ("/user/me/never-made/deita/api/v1/files", "/user/nobody/nothing/deita/api/v1/files"):
        answer = httpx.get(deita.url + path, trust_env=False)
        assert (answer.status_code, answer.json()["code"]) == (503, "server_stopped")


def test_a_browser_is_sent_to_the_page_that_opens_the_workspace(deita: Any, stopped: str) -> None:
    url = f"{deita.url}/user/me/{stopped}/lab/tree/a%20b.ipynb?reset="
    answer = httpx.get(url, headers={"Accept": "text/html"}, trust_env=False)
    assert answer.status_code == 302
    target = httpx.URL(answer.headers["location"])
    assert target.path == f"/services/deita/open/{stopped}"
    assert target.params["next"] == f"/user/me/{stopped}/lab/tree/a%20b.ipynb?reset="
