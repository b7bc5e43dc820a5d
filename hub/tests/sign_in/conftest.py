"""A real provider of OpenID Connect, and a Deita that has its people sign in there."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from deita_hub import settings
from deita_hub.supervisor.programs import find_node
from playwright.async_api import Browser, async_playwright

from hub.tests.conftest import Deita, free_port, wait_until
from hub.tests.service.test_pages import CHROMIUM, QUIET

ROOT = Path(__file__).parents[3]
SECRET = "only-for-this-test-0123456789"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "1": {"preferred_username": "Ana", "email": "ana@example.org", "email_verified": True},
    "2": {"preferred_username": "eve", "email": "eve@evil-example.org", "email_verified": True},
    "3": {"preferred_username": "uma", "email": "uma@example.org", "email_verified": False},
    "4": {"preferred_username": "me", "email": "mallory@example.org", "email_verified": True},
    "5": {"preferred_username": "dash-start", "email": "dash@example.org", "email_verified": True},
    "6": {"preferred_username": "Vera"},
    "7": {"preferred_username": "boss"},
}


class Provider:
    """The process, which can be stopped and started again on the same port."""

    def __init__(self, folder: Path, deita: str) -> None:
        self.port, self._deita, self._folder = free_port(), deita, folder
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "accounts.json").write_text(json.dumps(ACCOUNTS))

    def start(self) -> None:
        script = str(Path(__file__).with_name("oidc_provider.mjs"))
        node = shutil.which("node") or find_node(settings.load({}))
        command = [node, script, str(self.port), self._deita, str(self._folder / "accounts.json")]
        with (self._folder / "provider.log").open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
        wait_until(self._answers, 60, "the provider answers")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/.well-known/openid-configuration", trust_env=False).is_success
        except httpx.TransportError:
            return False


def made(folder: Path, **more: str) -> tuple[Deita, Provider]:
    """Both, not started."""
    folder.mkdir()
    deita = Deita(folder / "home", DEITA_TRUST_EVERYONE="1", DEITA_SAMPLES="0")
    if host := more.pop("host", ""):
        deita.url = deita.environment["DEITA_SUBDOMAIN_HOST"] = f"http://{host}:{deita.port}"
    provider = Provider(folder, deita.url)
    deita.environment |= {
        "DEITA_SIGN_IN": "oidc",
        "DEITA_SIGN_IN_ISSUER": provider.url,
        "DEITA_SIGN_IN_CLIENT_ID": "deita",
        "DEITA_SIGN_IN_CLIENT_SECRET": SECRET,
        "DEITA_SIGN_IN_LABEL": "Keycloak",
        "DEITA_SIGN_IN_DOMAINS": "example.org",
        "DEITA_SIGN_OUT": "provider",
        **more,
    }
    return deita, provider


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Deita, Provider]]:
    """A Deita that runs and its provider that does not yet; `me` owns a workspace, `Vera` is a member by name."""
    deita, provider = made(tmp_path_factory.mktemp("sign-in") / "one")
    deita.start()
    yield deita, provider
    provider.stop()
    assert deita.stop() == 0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        await found.close()
