"""The edge of production, deploy/Caddyfile, as a real Caddy before a real Deita: TLS, headers, limits, a browser."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect, sync_playwright

from bench.running import Deita, free_port, running, until
from hub.tests.service.test_pages import CHROMIUM, QUIET
from tests.servers.edge import CADDY, CADDYFILE, Edge, running_edge

DOMAIN = "deita.localhost"
SERVER = "/user/me/start"


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Edge:
    return Edge(DOMAIN, free_port(), free_port(), tmp_path_factory.mktemp("edge"))


@pytest.fixture(scope="module")
def deita(edge: Edge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    service = str(free_port())
    home = tmp_path_factory.mktemp("behind") / "home"
    with (
        running(home, DEITA_SUBDOMAIN_HOST=edge.url, DEITA_SERVICE_PORT=service, DEITA_SAMPLES="0") as started,
        running_edge(edge, started.hub, f"http://127.0.0.1:{service}", DEITA_MOST_BODY="1MB"),
    ):
        yield started


@pytest.fixture(scope="module")
def me(edge: Edge, deita: Deita) -> Iterator[httpx.Client]:
    with edge.client(deita.token("me")) as client:
        control = f"{edge.url}/services/deita/api/v1/workspaces/start"
        client.post(f"{control}/start").raise_for_status()
        until(lambda: client.get(control).json()["server"]["state"] == "ready", 120, "the server")
        yield client


def test_plain_http_leads_to_https(edge: Edge, deita: Deita) -> None:
    for host in (DOMAIN, f"me.{DOMAIN}"):
        answer = httpx.get(f"http://127.0.0.1:{edge.http}/hub/home", headers={"Host": host}, trust_env=False)
        assert answer.status_code == 308
        assert answer.headers["location"] == f"https://{host}/hub/home"  # 443 is where people come in


def handshake(edge: Edge, name: str, newest: ssl.TLSVersion | None = None) -> str | None:
    trust = ssl.create_default_context(cafile=str(edge.authority))
    if newest is not None:
        trust.set_ciphers("ALL:@SECLEVEL=0")
        trust.minimum_version, trust.maximum_version = ssl.TLSVersion.TLSv1, newest
    plain = socket.create_connection(("127.0.0.1", edge.https), timeout=60)
    with plain, trust.wrap_socket(plain, server_hostname=name) as encrypted:
        return encrypted.version()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_only_new_tls_and_only_names_of_this_deita(edge: Edge, deita: Deita) -> None:
    for name in (DOMAIN, f"me.{DOMAIN}", f"dash-start.{DOMAIN}"):
        assert handshake(edge, name) == "TLSv1.3"
    assert handshake(edge, DOMAIN, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises(ssl.SSLError):
        handshake(edge, DOMAIN, ssl.TLSVersion.TLSv1_1)
    for stranger in (f"nobody.{DOMAIN}", f"dash-nowhere.{DOMAIN}", f"u-x--0123456789.{DOMAIN}", "example.org"):
        with pytest.raises(ssl.SSLError):
            handshake(edge, stranger)


def test_every_surface_has_its_headers(edge: Edge, me: httpx.Client) -> None:
    api = f"{edge.of('me')}{SERVER}/deita/api/v1"
    surfaces = {
        "home": f"{edge.url}/services/deita/",
        "hub": f"{edge.url}/hub/login",
        "api": f"{api}/tables",
        "lab": f"{edge.of('me')}{SERVER}/lab",
        "dashboards": f"{edge.of('dash-start')}/user/dash-start/start/",
        "nothing": f"{edge.url}/nowhere",
    }
    for name, url in surfaces.items():
        headers = me.get(url).headers
        assert headers["strict-transport-security"] == "max-age=63072000; includeSubDomains", name
        assert headers["x-content-type-options"] == "nosniff", name
        assert "server" not in headers and "via" not in headers, name
        assert "frame-ancestors" in headers["content-security-policy"], name
    hub = me.get(surfaces["hub"]).headers.get_list("content-security-policy")
    assert any("default-src 'self'" in each and "unsafe-eval" not in each for each in hub)
    dashboards = " ".join(me.get(surfaces["dashboards"]).headers.get_list("content-security-policy"))
    assert "default-src 'self' data: blob:" in dashboards and "https:;" not in dashboards


def test_what_is_for_inside_does_not_answer_outside(edge: Edge, me: httpx.Client) -> None:
    for path in ("/services/deita/tls?domain=me.deita.localhost", "/hub/metrics", "/metrics"):
        assert me.get(edge.url + path).status_code == 404
    assert me.get(f"{edge.of('me')}{SERVER}/metrics").status_code == 404


def test_bodies_and_headers_are_bounded_and_uploads_are_not(edge: Edge, me: httpx.Client) -> None:
    large = b"x" * 2_000_000
    api = f"{edge.of('me')}{SERVER}/deita/api/v1"
    refused = me.post(f"{edge.url}/services/deita/api/v1/workspaces", content=large)
    assert refused.status_code == 413
    for _ in range(20):  # what is left of a refused body is not taken for the next request
        refused = me.post(f"{api}/queries", content=large)
        assert (refused.status_code, refused.headers["connection"]) == (413, "close")
        assert me.put(f"{api}/files/large.txt", content=large).status_code in (200, 201)
    assert me.get(f"{api}/files").json()["items"][0]["name"] == "large.txt"
    assert me.get(edge.url, headers={"X-Large": "x" * 40_000}).status_code == 431


def test_people_work_through_it_and_no_policy_is_in_their_way(edge: Edge, deita: Deita, me: httpx.Client) -> None:
    """Sign-in, home page, Explore and JupyterLab, whose kernels need websockets; the browser names what it blocks."""
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, "--ignore-certificate-errors"])
        page = browser.new_page(ignore_https_errors=True)
        page.on("console", lambda message: said.append(message.text))
        page.goto(deita.cli("user", "link", "me").stdout.strip())
        page.click("[data-slug=start] .face")
        page.wait_for_url(f"{edge.of('me')}{SERVER}/apps/explore**", timeout=120_000)
        expect(page.locator(".d-account")).to_have_text("me", timeout=120_000)
        cookies = {each["name"]: each for each in page.context.cookies()}
        assert not [name for name, each in cookies.items() if not each["secure"]]
        page.goto(f"{edge.of('me')}{SERVER}/lab")
        expect(page.locator("#jp-main-dock-panel")).to_be_visible(timeout=120_000)
        expect(page.locator(".jp-LauncherCard").first).to_be_visible(timeout=120_000)
        browser.close()
    assert not [each for each in said if "Content Security Policy" in each or "WebSocket" in each], said


def test_own_certificates_and_automatic_ones_are_valid_settings(tmp_path: Path, edge: Edge) -> None:
    """The file as it is read with each kind of certificate; no authority is asked."""
    pair = (tmp_path / "tls.crt", tmp_path / "tls.key")
    key = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    made = [*key, "-subj", f"/CN={DOMAIN}", "-keyout", str(pair[1]), "-out", str(pair[0])]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    for kind in ("auto", "acme", "internal", "own"):
        environment = {"DEITA_DOMAIN": DOMAIN, "DEITA_TLS": kind, "DEITA_TLS_FILES": f"{pair[0]} {pair[1]}"}
        environment |= {"DEITA_ACME_URL": "https://acme.example.org/directory"}
        environment |= {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
        command = [str(CADDY), "validate", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
        checked = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert checked.returncode == 0, checked.stderr[-2000:]
