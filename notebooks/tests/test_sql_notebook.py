"""A notebook of the Deita SQL kernel in a real JupyterLab behind a real hub: its outputs reach the workspace."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from .conftest import Open, Workspace

CELLS = (
    "%slider low = 5 from 0 to 50\nSELECT range AS n FROM range(100) WHERE range >= $low",
    "SELECT $low * 1000 AS scaled",
    "SELECT range AS month, range * 2 AS sold FROM range(5)\n%chart bar x=month y=sold",
)


@pytest.fixture(scope="module")
def atlas(make_workspace: Callable[[str], Workspace]) -> Workspace:
    """A workspace with a notebook that has not run."""
    workspace = make_workspace("atlas")
    cells = [
        {"cell_type": "code", "id": f"c{n}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for n, source in enumerate(CELLS)
    ]
    kernel = {"display_name": "Deita SQL", "language": "sql", "name": "deita-sql"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    body = {"type": "notebook", "content": notebook}
    workspace.client.put(f"{workspace.base}api/contents/atlas.ipynb", json=body).raise_for_status()
    return workspace


def test_a_notebook_shows_sliders_charts_and_results_that_are_sorted_whole(atlas: Workspace, open_page: Open) -> None:
    page = open_page(f"{atlas.base}lab/tree/atlas.ipynb?reset")
    expect(page.get_by_text("Deita SQL | Idle")).to_be_visible()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(page.locator(".deita-chart rect")).to_have_count(5)
    expect(page.locator(".widget-slider")).to_be_visible()
    result = page.locator(".deita-pages")
    expect(result.locator("[aria-live]")).to_have_text("1–20 of 95")
    head = result.locator("thead th").first
    head.click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    head.click()
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(result.locator("tbody td").first).to_have_text("99")
    page.locator(".widget-slider .widget-readout").fill("7")
    page.keyboard.press("Enter")
    expect(page.locator(".jp-OutputArea").get_by_text("7000")).to_be_visible()  # the cell below ran again by itself
