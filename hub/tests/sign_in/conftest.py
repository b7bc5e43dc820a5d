"""A real provider of OpenID Connect, and a Deita that has its people sign in there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from hub.tests.conftest import Deita
from hub.tests.service.test_pages import CHROMIUM, QUIET
from tests.servers.oidc_provider import SECRET, Provider


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
