"""The pages of apps."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

import httpx

from ..live_hub import Hub, Server, eventually


def page_config(page: str) -> dict[str, object]:
    found = re.search(r'id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return dict(json.loads(found[1]))


def open_app(server: Server, path: str) -> httpx.Response:
    return server.http.get(server.url + "apps/" + path, headers=server.headers, follow_redirects=True)


def test_an_app_is_a_page_with_a_kernel_of_its_own(app_server: Server) -> None:
    first, second = open_app(app_server, "counter"), open_app(app_server, "counter")
    assert (first.status_code, second.status_code) == (200, 200)
    assert page_config(first.text)["kernelId"] != page_config(second.text)["kernelId"]
    assert "application/vnd.jupyter.widget-view+json" in first.text


def test_the_kernels_of_apps_are_not_among_the_persons_kernels(app_server: Server) -> None:
    open_app(app_server, "counter")
    assert app_server.get("api/kernels").json() == []


def test_the_query_string_reaches_a_warm_kernel(app_server: Server) -> None:
    assert "asked: table=flights" in open_app(app_server, "query?table=flights").text
    assert "asked: table=planes" in open_app(app_server, "query?table=planes").text


def test_a_page_loads_nothing_from_elsewhere(app_server: Server) -> None:
    config = page_config(open_app(app_server, "counter").text)
    extensions: Any = config["federated_extensions"]
    assert {extension["name"] for extension in extensions} == {
        "anywidget",
        "@jupyter-widgets/jupyterlab-manager",
        "@voila-dashboards/widgets-manager8",
    }
    assert not [value for value in config.values() if isinstance(value, str) and "://" in value]


def test_an_app_that_does_not_exist_is_a_plain_404(app_server: Server) -> None:
    for path in (
        "missing",
        "missing.ipynb",
        "voila/tree/",
        "voila/render/counter.ipynb",
        "voila/files/counter.ipynb/x",
    ):
        answer = open_app(app_server, path)
        assert answer.status_code in (403, 404), path
    answer = open_app(app_server, "missing")
    assert "There is no such app" in answer.text
    assert "Traceback" not in answer.text


def test_an_app_that_fails_shows_no_traceback_and_no_log_quotes_its_cell(hub: Hub, app_server: Server) -> None:
    page = open_app(app_server, "broken").text
    assert "/secret/path" not in page
    assert "Reload the page" in page
    log = hub.folder / "hub.log"
    eventually(lambda: "A cell of an app failed" in log.read_text(errors="replace"), "the line", 60)
    assert "/secret/path" not in log.read_text(errors="replace")


def test_the_source_of_an_app_and_other_files_are_not_served(app_server: Server) -> None:
    assert "on_click" not in open_app(app_server, "counter").text
    assert app_server.get("apps/voila/files/picture.svg").status_code == 200
    for name in ("counter.ipynb", "notes.txt", "../notes.txt", "%2e%2e/%2e%2e/etc/passwd"):
        assert app_server.get("apps/voila/files/" + name).status_code in (403, 404), name


def test_a_template_in_the_address_changes_nothing(app_server: Server) -> None:
    assert open_app(app_server, "counter?voila-template=reveal&template=reveal").status_code == 200


def test_a_stranger_sees_no_app(app_server: Server) -> None:
    answer = httpx.get(app_server.url + "apps/counter")
    assert (answer.status_code, "oauth2/authorize" in answer.headers["Location"]) == (302, True)


def test_a_page_gets_the_xsrf_cookie_that_its_uploads_need(hub: Hub, app_server: Server) -> None:
    with contextlib.closing(hub.browser("me", "/user/me/apps/apps/counter")) as browser:
        cookies = {(cookie.name, cookie.path) for cookie in browser.cookies.jar}
        assert ("_xsrf", "/user/me/apps/") in cookies
