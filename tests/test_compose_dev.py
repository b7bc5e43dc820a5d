"""compose.yml as one works on Deita (compose.dev.yml), whose people sign in at a provider with an authority of its own.

`make test-compose` runs it, with the others.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import expect, sync_playwright

from hub.tests.service.test_pages import CHROMIUM, QUIET
from tests.servers import compose_stack
from tests.servers.compose_stack import Stack
from tests.servers.docker_engine import GATEWAY
from tests.servers.edge import ROOT
from tests.servers.oidc_provider import SECRET, Encrypted, Provider

pytestmark = [pytest.mark.docker, pytest.mark.timeout(1800)]
HOST = "id.example.org"
TRUST = """
services:
  hub:
    environment: {{SSL_CERT_FILE: /etc/deita-authorities.pem}}
    volumes: ["{authority}:/etc/deita-authorities.pem:ro"]
    extra_hosts: ["{host}:{gateway}"]
"""


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """All services, healthy, and the provider, which runs on this machine."""
    folder = tmp_path_factory.mktemp("compose")
    with compose_stack.prepared(request.config.rootpath, folder) as found:
        encrypted = Encrypted(HOST, folder)
        provider = Provider(folder, found.edge.url, encrypted)
        provider.start()
        try:
            found.prepare(
                DEITA_SIGN_IN="oidc",
                DEITA_SIGN_IN_ISSUER=provider.url,
                DEITA_SIGN_IN_CLIENT_ID="deita",
                DEITA_SIGN_IN_LABEL="Keycloak",
                DEITA_SIGN_IN_DOMAINS="example.org",
            )
            (folder / "secrets" / "sign_in_client_secret").write_text(SECRET)
            trust = folder / "trust.yml"
            trust.write_text(TRUST.format(authority=encrypted.authority, host=HOST, gateway=GATEWAY))
            found.files += [ROOT / "compose.dev.yml", trust]
            found.up()
            yield found
        finally:
            provider.stop()


def test_people_come_in_through_their_provider(stack: Stack) -> None:
    here = f"--host-resolver-rules=MAP {HOST} 127.0.0.1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*QUIET, here, "--ignore-certificate-errors"]
        )
        page = browser.new_page(ignore_https_errors=True)
        page.route("**://fonts.googleapis.com/**", lambda route: route.abort())
        page.goto(f"{stack.edge.url}/services/deita/")
        page.click("text=Sign in with Keycloak")
        page.wait_for_load_state()
        assert HOST in page.url, page.inner_text("body")
        page.fill("[name=login]", "1")
        page.fill("[name=password]", "any")
        page.click("button[type=submit]")
        page.wait_for_url(f"{stack.edge.url}/services/deita/")
        expect(page.locator(".account summary")).to_contain_text("ana")
        browser.close()
    assert "ana" in stack.deita("user", "list")
    assert "at Keycloak" in stack.compose("exec", "-T", "hub", "sh", "-c", "deita check || true", seconds=120)


def test_the_hub_side_runs_from_the_checkout(stack: Stack) -> None:
    for name in ("hub", "control-plane"):
        service = stack.service(name)
        assert stack.inside(service, "import deita_hub; print(deita_hub.__file__)").startswith("/source/hub/")
        own = (ROOT / "hub" / "deita_hub" / "__init__.py").read_text()
        code = "import deita_hub, pathlib; print(pathlib.Path(deita_hub.__file__).read_text(), end='')"
        assert stack.inside(service, code) == own
        assert service.exec_run(["touch", "/source/hub/deita_hub/planted"]).exit_code != 0


def test_what_is_looked_into_answers_on_this_machine_alone(stack: Stack) -> None:
    assert httpx.get("http://127.0.0.1:8081/hub/readyz", trust_env=False).json()["status"] == "ok"
    assert httpx.get("http://127.0.0.1:8082/services/deita/readyz", trust_env=False).json()["status"] == "ok"
    inside = (stack.folder / "secrets" / "database_url").read_text().strip()
    with psycopg.connect(inside.replace("@postgres/", "@127.0.0.1:5432/")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    for name in ("hub", "control-plane", "postgres", "mailpit"):
        bound = [each for each in stack.service(name).attrs["NetworkSettings"]["Ports"].values() if each]
        assert bound and {each["HostIp"] for places in bound for each in places} == {"127.0.0.1"}


def test_the_hub_reaches_the_mail_catcher(stack: Stack) -> None:
    """Its image is a stand-in, which only says that it is there: what is tested is that it can be reached."""
    code = "import socket\nwith socket.create_connection(('mailpit', 1025), 5) as line: print(line.recv(3).decode())"
    assert stack.inside(stack.service("hub"), code) == "220\n"
    assert httpx.get("http://127.0.0.1:8025", trust_env=False).status_code == 200
