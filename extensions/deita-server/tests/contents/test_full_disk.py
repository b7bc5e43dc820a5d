"""What JupyterLab is told when a notebook finds no room on the disk."""

from __future__ import annotations

import resource

from .conftest import StartLab, message


def test_a_notebook_for_which_there_is_no_room_is_a_507_and_is_kept_as_it_was(start_lab: StartLab) -> None:
    lab = start_lab()
    small = {"type": "file", "format": "text", "content": "small"}
    assert lab.ask("PUT", "notes.txt", small).status_code == 201
    pid = lab.server.process.pid
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (2**20, hard))
    status, said = message(lab.ask("PUT", "notes.txt", {**small, "content": "large" * 2**20}))
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert (status, said) == (507, "No space is left on the disk. Delete files that nobody needs, then try again.")
    assert lab.model("notes.txt")["content"] == "small"
    assert lab.ask("PUT", "notes.txt", {**small, "content": "again"}).status_code == 200
