"""A server with two small apps of its own, so that these tests need no app that Deita ships."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from ..live_hub import Hub, Server

COUNTER = """
import ipywidgets as widgets
from IPython.display import display
button = widgets.Button(description="0")
button.add_class("counter")
button.on_click(lambda _: setattr(button, "description", str(int(button.description) + 1)))
display(button)
"""
QUERY = """
from IPython.display import display, HTML
from voila.utils import get_query_string
display(HTML(f"<p>asked: {get_query_string()}</p>"))
"""
BROKEN = "raise RuntimeError('/secret/path')"


def write_app(folder: Path, name: str, code: str) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.fixture(scope="session")
def app_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three apps, a picture, and a file that nobody may fetch."""
    folder = tmp_path_factory.mktemp("apps")
    write_app(folder, "counter", COUNTER)
    write_app(folder, "query", QUERY)
    write_app(folder, "broken", BROKEN)
    (folder / "picture.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (folder / "notes.txt").write_text("private")
    return folder


@pytest.fixture(scope="session")
def app_server(hub: Hub, app_folder: Path) -> Iterator[Server]:
    """A server that offers them."""
    impatient = ("--AppKernels.cull_idle_timeout=5", "--AppKernels.cull_interval=1")  # these tests open pages and leave
    yield hub.start("me", "apps", f"--WorkspaceServer.app_folders={app_folder}", *impatient)
    hub.stop("me", "apps")
