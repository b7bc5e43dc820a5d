"""Large files on bad lines, in a real browser: what has arrived is never sent twice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import CDPSession, Page, expect

from .conftest import Open, Workspace
from .network import network

SLOW = 6 * 2**20  # bytes a second: slow enough to act while it lasts
LINE = b"1,some text that makes the line longer,2.5\n"
LINES = 700_000


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("big") / "big.csv"
    path.write_bytes(b"a,b,c\n" + LINE * LINES)
    return path


def slow_down(page: Page) -> Callable[[], None]:
    """Make the page send slowly until what is returned is called."""
    session: CDPSession = page.context.new_cdp_session(page)
    session.send("Network.enable")

    def send_at(rate: int) -> None:
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate}
        session.send("Network.emulateNetworkConditions", conditions)

    send_at(SLOW)
    return lambda: send_at(-1)


def choose(page: Page, file: Path) -> None:
    page.get_by_label("Choose files").set_input_files(file)


def arriving(page: Page) -> None:
    """Wait until a visible part is on its way."""
    page.wait_for_function("document.querySelector('.d-job progress')?.value > 4e6")


def uploads(page: Page) -> list[int]:
    """Collects the `Upload-Offset` of each PATCH that the page sends from now on."""
    offsets: list[int] = []
    page.on(
        "request",
        lambda request: offsets.append(int(request.headers["upload-offset"])) if request.method == "PATCH" else None,
    )
    return offsets


def done(page: Page) -> None:
    """The table has every row. What the upload's own line says of it is gone again after a while."""
    expect(page.get_by_role("button", name=f"big {LINES:,}")).to_be_visible()


def test_after_a_lost_connection_the_rest_follows_by_itself(shop: Workspace, open_page: Open, big: Path) -> None:
    with network() as line:
        page = open_page(shop.explore, proxy=line.proxy)
        offsets, speed_up = uploads(page), slow_down(page)
        choose(page, big)
        arriving(page)
        expect(page.locator(".d-job-says")).to_contain_text(" left")
        line.cut()
        expect(page.locator(".d-job-says")).to_contain_text("no connection, goes on by itself")
        speed_up()
        line.mend()
        done(page)
    assert offsets[0] == 0 and offsets[-1] > 0


def test_a_paused_upload_goes_on_where_it_stopped(shop: Workspace, open_page: Open, big: Path) -> None:
    page = open_page(shop.explore)
    offsets, speed_up = uploads(page), slow_down(page)
    choose(page, big)
    arriving(page)
    page.get_by_role("button", name="Pause").press("Enter")
    expect(page.locator(".d-job-says")).to_contain_text("paused")
    speed_up()
    page.get_by_role("button", name="Go on").press("Enter")
    done(page)
    assert len(offsets) == 2 and offsets[1] > 0


def test_after_a_closed_tab_the_same_file_continues(shop: Workspace, open_page: Open, big: Path) -> None:
    page = open_page(shop.explore)
    slow_down(page)
    choose(page, big)
    arriving(page)
    page.close()
    page = page.context.new_page()
    page.goto(shop.explore)
    expect(page.locator(".d-job-says")).to_contain_text("Choose the same file again to continue.")
    offsets = uploads(page)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose file", exact=True).click()
    chooser.value.set_files(big)
    done(page)
    assert len(offsets) == 1 and offsets[0] > 0


def test_a_cancelled_upload_leaves_nothing_behind(shop: Workspace, open_page: Open, big: Path) -> None:
    page = open_page(shop.explore)
    slow_down(page)
    with page.expect_response(
        lambda response: response.request.method == "POST" and "/uploads" in response.url
    ) as begun:
        choose(page, big)
    arriving(page)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".d-job-says")).to_have_text("Cancelled.")
    upload = begun.value.json()["id"]
    assert shop.client.get(f"{shop.api}/uploads/{upload}").status_code == 404
    page.reload()
    expect(page.get_by_text("Drop a file to begin")).to_be_visible()
    expect(page.locator(".d-job")).to_have_count(0)
