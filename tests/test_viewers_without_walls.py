"""Viewers of a Deita without sandboxes, where everyone is trusted: their server reads copies there, too."""

from __future__ import annotations

from pathlib import Path

import psutil

from bench.running import running, until


def test_viewers_see_what_was_committed_and_nothing_is_left_behind(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home, DEITA_SANDBOX="none", DEITA_TRUST_EVERYONE="1", DEITA_SAMPLES="0") as deita:
        deita.cli("user", "add", "vic")
        with deita.client() as me, deita.client("vic") as vic:
            me.post(f"{deita.control}/workspaces", json={"name": "Gallery", "slug": "gallery"}).raise_for_status()
            deita.cli("workspace", "add", "gallery", "vic", "--role", "viewer")
            looked, worked = deita.open(vic, "gallery"), deita.open(me, "gallery")
            assert vic.get(f"{looked}/files").json()["items"] == []
            sql = "create table a as select 7 as x"
            me.post(f"{worked}/queries", json={"sql": sql, "mode": "write", "wait_ms": 30_000}).raise_for_status()
            look = {"sql": "from a", "wait_ms": 30_000}
            until(lambda: vic.post(f"{looked}/queries", json=look).json().get("rows") == [[7]], 30, "the table")
    left = [process for process in psutil.process_iter() if str(home) in " ".join(command_of(process))]
    assert left == []


def command_of(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []  # it ended between being listed and being asked
