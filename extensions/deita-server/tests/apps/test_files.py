"""The front end's files."""

from __future__ import annotations

import sys
from pathlib import Path

import httpx
import pytest

from ..live_hub import Server
from .test_pages import page_config


@pytest.fixture
def module() -> Path:
    """A file of the front end as the wheel installs it."""
    folder = Path(sys.prefix, "share", "deita", "static")
    return max(folder.rglob("*.js"), key=lambda file: file.stat().st_size).relative_to(folder)


def test_a_module_is_compressed_and_cached_for_good(app_server: Server, module: Path) -> None:
    answer = app_server.get(f"deita/static/1/{module.as_posix()}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(("text/javascript", "application/javascript"))
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_module_is_sent_to_an_import_which_can_prove_nothing(app_server: Server, module: Path) -> None:
    answer = httpx.get(app_server.url + f"deita/static/1/{module.as_posix()}", headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["../../../pyvenv.cfg", "%2e%2e/%2e%2e/%2e%2e/pyvenv.cfg", "..%2f..%2f..%2fpyvenv.cfg", "/etc/passwd", ""]
)
def test_no_path_leads_out_of_the_folder(app_server: Server, path: str) -> None:
    request = app_server.http.build_request(
        "GET", app_server.url + "deita/static/1/" + path, headers=app_server.headers
    )
    assert app_server.http.send(request).status_code in (403, 404)


def test_voilas_front_end_is_cached_for_good_and_compressed(app_server: Server) -> None:
    page = app_server.http.get(app_server.url + "apps/counter", headers=app_server.headers, follow_redirects=True).text
    folder = page_config(page)["fullStaticUrl"]
    script = app_server.get(str(folder).removeprefix("/user/me/apps/") + "/voila.js")
    assert script.status_code == 200
    assert (script.headers["Cache-Control"], script.headers["Content-Encoding"]) == (
        "public, max-age=31536000, immutable",
        "gzip",
    )
