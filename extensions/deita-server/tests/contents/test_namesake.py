"""A folder `files` among the notebooks: it stays where it is, and JupyterLab shows it under another name."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..live_hub import children
from .conftest import Lab, StartLab

SHOWN = "files (on disk)"


@pytest.fixture(scope="module")
def lab(start_lab: StartLab) -> Lab:
    started = start_lab()
    folder = started.notebooks / "files"
    folder.mkdir()
    (folder / "old.txt").write_text("old")
    started.upload("files/new.csv", b"a\n1\n")
    return started


def test_both_are_shown_and_neither_hides_the_other(lab: Lab) -> None:
    assert {"files", SHOWN} <= set(lab.names(""))
    assert lab.names("files") == ["new.csv"]
    assert "old.txt" in lab.names(SHOWN)
    assert lab.model(f"{SHOWN}/old.txt")["content"] == "old"
    assert lab.server.api.get(f"{lab.base}files/{SHOWN}/old.txt").text == "old"


def test_notebooks_in_it_are_saved_with_their_checkpoints(lab: Lab) -> None:
    made = lab.ask("POST", SHOWN, {"type": "notebook"}).json()
    assert made["path"] == f"{SHOWN}/Untitled.ipynb"
    assert (lab.notebooks / "files" / "Untitled.ipynb").is_file()
    assert len(lab.ask("GET", f"{made['path']}/checkpoints").json()) == 1
    assert not (lab.notebooks / SHOWN).exists()


def test_it_can_be_given_a_name_of_its_own(lab: Lab) -> None:
    assert lab.ask("PATCH", SHOWN, {"path": "material"}).status_code == 200
    assert (lab.notebooks / "material" / "old.txt").is_file()
    assert SHOWN not in lab.names("")
    (lab.notebooks / "material").rename(lab.notebooks / "files")


def test_a_link_to_nowhere_of_that_name_is_not_shown(start_lab: StartLab) -> None:
    lab = start_lab()
    (lab.notebooks / "files").symlink_to("nowhere")
    assert SHOWN not in lab.names("")
    assert lab.names("files") == []


def test_a_notebook_in_it_runs_where_it_lies(lab: Lab) -> None:
    body = {"path": f"{SHOWN}/Untitled.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    session = lab.server.api.post(f"{lab.base}api/sessions", json=body)
    assert session.status_code == 201, session.text
    (kernel,) = (child for child in children(lab.server.process.pid) if "ipykernel" in command(child))
    assert Path(f"/proc/{kernel}/cwd").resolve() == lab.notebooks / "files"
    assert lab.server.api.delete(f"{lab.base}api/sessions/{session.json()['id']}").status_code == 204


def command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()
