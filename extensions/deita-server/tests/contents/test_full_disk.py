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
    large = {**small, "content": "large" * 2**20}
    said = [message(lab.ask("PUT", name, large)) for name in ("notes.txt", "new.txt")]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    no_room = (507, "No space is left on the disk. Delete files that nobody needs, then try again.")
    assert said == [no_room, no_room]
    assert not [path.name for path in lab.notebooks.iterdir() if "new" in path.name or path.name.startswith(".~")]
    assert lab.model("notes.txt")["content"] == "small"
    assert lab.ask("PUT", "notes.txt", {**small, "content": "again"}).status_code == 200


def test_what_is_saved_keeps_its_rights_and_its_link(start_lab: StartLab) -> None:
    lab = start_lab()
    script, link = lab.notebooks / "run.sh", lab.notebooks / "link.sh"
    script.write_text("old")
    script.chmod(0o750)
    link.symlink_to(script.name)
    assert lab.ask("PUT", "link.sh", {"type": "file", "format": "text", "content": "new"}).status_code == 200
    assert link.is_symlink() and script.read_text() == "new"
    assert script.stat().st_mode & 0o777 == 0o750
