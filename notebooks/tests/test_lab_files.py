"""The workspace's files in a real JupyterLab: what its own buttons do there, the data plane knows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.running import until

from .conftest import Open, Workspace

ROWS = 200_000


@pytest.fixture
def big(tmp_path: Path) -> Path:
    """A file that JupyterLab sends in pieces."""
    path = tmp_path / "orders.csv"
    path.write_text("id,price\n" + "".join(f"{number},{number / 4}\n" for number in range(ROWS)))
    assert path.stat().st_size > 2 * 2**20
    return path


def item(page: Page, name: str) -> Locator:
    return page.locator(".jp-DirListing-item").filter(has=page.get_by_text(name, exact=True))


def upload(page: Page, file: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_title("Upload Files", exact=True).click()
    chooser.value.set_files(file)


def stored(workspace: Workspace) -> dict[str, object]:
    (file,) = workspace.client.get(f"{workspace.api}/files").raise_for_status().json()["items"]
    return file


@pytest.fixture
def files(shop: Workspace, open_page: Open) -> Page:
    """JupyterLab, showing the folder of the workspace's files."""
    page = open_page(f"{shop.base}lab")
    item(page, "files").dblclick()
    page.wait_for_url("**/lab/tree/files**")
    return page


def test_labs_own_upload_lands_where_imports_look(shop: Workspace, files: Page, big: Path) -> None:
    upload(files, big)
    expect(item(files, "orders.csv")).to_be_visible()
    assert stored(shop)["sha256"] == hashlib.sha256(big.read_bytes()).hexdigest()
    started = shop.client.post(f"{shop.api}/imports", json={"file": "orders.csv"}).raise_for_status().json()
    done = shop.client.get(f"{shop.api}/imports/{started['id']}", params={"wait_ms": 60_000}).json()
    assert (done["state"], done["rows"]) == ("done", ROWS)

    big.write_text("id,price\n1,2\n")
    upload(files, big)
    files.get_by_role("button", name="Overwrite").click()
    until(lambda: stored(shop)["version"] == 2, what="the second version")
    item(files, "orders.csv").click(button="right")
    with files.expect_download() as download:
        files.get_by_role("menuitem", name="Download", exact=True).click()
    assert download.value.suggested_filename == "orders.csv"
    assert download.value.path().read_text() == "id,price\n1,2\n"
    item(files, "orders.csv").dblclick()
    expect(files.locator(".jp-CSVViewer-grid")).to_be_visible()


def test_lab_shows_why_a_file_does_not_go_there(files: Page, tmp_path: Path) -> None:
    notebook = tmp_path / "analysis.ipynb"
    notebook.write_text("{}")
    upload(files, notebook)
    expect(files.get_by_text("This folder is for the workspace's data files.")).to_be_visible()
