"""Explore in the nested Voila against the same notebook in stock Voila, in Chromium: how soon its widget can be seen."""

from __future__ import annotations

import shutil
import statistics
import sys
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, Page, sync_playwright

from bench.jupyterhub import StockHub, stock_hub
from bench.running import until
from bench.table import Row

TITLE = "Opening Explore"
NOTE = (
    "Milliseconds from the navigation until Explore has been drawn, in Chromium through hub and proxy; warm: visited before "
    "and the machine at rest; median of 5 in turns. Drawn, it has its data and all of it works; `with its kernel` waits until "
    "Python sees it as well, which needs Voila's own JavaScript. "
    "The peer is the same notebook in Voila as an extension of jupyter-server with its lab template (its stylesheets on a "
    "CDN cut off, which favours it)."
)
TIMES = 5
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
CHROMIUM += ["--disable-component-update", "--disable-sync"]
DRAWN, BOUND = ".d-shell:not([aria-busy])", "[data-bound] .d-shell, .d-embedded .d-shell"
# Runs before the page's own scripts: notes when each selector first matches something with a size, at most a frame late.
CLOCK = """
(selectors) => {
  window.seen = {};
  const look = () => {
    for (const selector of selectors) {
      const found = document.querySelector(selector);
      if (!(selector in window.seen) && found && found.getBoundingClientRect().height > 0)
        window.seen[selector] = performance.now();
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}
"""


def sign_in(page: Page, hub: StockHub) -> None:
    """By the form, as `me`."""
    page.goto(f"{hub.url}/hub/login?next=/hub/home")
    page.fill("#username_input", "me")
    page.fill("#password_input", "any")
    page.click("#login_submit")
    page.wait_for_url("**/hub/home")


def visit(context: BrowserContext, url: str) -> tuple[float, float]:
    """Milliseconds until Explore is drawn, and until it has its kernel."""
    page = context.new_page()
    page.add_init_script(f"({CLOCK})({[DRAWN, BOUND]!r})")
    page.goto(url, wait_until="commit")
    page.wait_for_function("selector => selector in window.seen", arg=BOUND, timeout=60_000)
    seen = page.evaluate("window.seen")
    page.close()
    return seen[DRAWN], seen[BOUND]


def at_rest(pid: int) -> None:
    """Wait until a server and its kernels burn no more processor time: the next warm kernel is ready."""
    history: list[float] = []

    def resting() -> bool:
        total = 0.0
        for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system
        history.append(total)
        return len(history) > 60 and abs(history[-1] - history[-40]) < 0.08

    until(resting, 60, "a server at rest")


def run() -> list[Row]:
    """Visit both in turns, after one visit each that is not measured."""
    with stock_hub() as hub, sync_playwright() as playwright:
        shutil.copy(Path(sys.prefix, "share", "deita", "apps", "explore.ipynb"), hub.folder / "explore.ipynb")
        ours = hub.start("deita")
        api = f"{hub.url}/user/me/deita/deita/api/v1"
        stock = hub.start("stock", args=[f"--ServerApp.root_dir={hub.folder}"], env={"DEITA_API": api})
        sides = (
            (ours, f"{hub.url}/user/me/deita/apps/explore"),
            (stock, f"{hub.url}/user/me/stock/voila/render/explore.ipynb"),
        )
        chromium = shutil.which("chromium") or shutil.which("chromium-browser")
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.route(lambda url: not url.startswith(hub.url), lambda route: route.abort())
        sign_in(context.new_page(), hub)
        measured: list[list[tuple[float, float]]] = [[], []]
        for turn in range(TIMES + 1):
            for (pid, url), side in zip(sides, measured, strict=True):
                at_rest(pid)
                figures = visit(context, url)
                if turn:
                    side.append(figures)
        browser.close()
    return _rows(*measured)


def _rows(ours: list[tuple[float, float]], theirs: list[tuple[float, float]]) -> list[Row]:
    drawn, bound = (statistics.median(column) for column in zip(*ours, strict=True))
    stock = statistics.median(bound for _, bound in theirs)
    peer = "stock Voila, lab template"
    return [
        Row(
            "Explore drawn, warm",
            f"{drawn:.0f} ms",
            peer,
            f"{stock:.0f} ms",
            f"1/{stock / drawn:.1f}",
            "≤ 700 ms",
            drawn <= 700,
        ),
        Row(
            "with its kernel",
            f"{bound:.0f} ms",
            peer,
            f"{stock:.0f} ms",
            f"1/{stock / bound:.1f}",
            "–",
            True,
        ),
    ]
