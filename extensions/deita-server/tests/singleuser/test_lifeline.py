"""The end that follows the end of `deita up`."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from deita_server.singleuser import lifeline

from ..live_hub import alive, eventually

PROGRAM = """
import pathlib, signal, sys, threading
from deita_server.singleuser import lifeline
{before}
lifeline.hold(pathlib.Path(sys.argv[1]), grace_s=0.3)
print("held", flush=True)
threading.Event().wait()
"""


def holding(path: Path, before: str = "") -> subprocess.Popen[str]:
    program = [sys.executable, "-c", PROGRAM.format(before=before), str(path)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_a_process_lives_while_the_lifeline_is_held_and_ends_when_it_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "lifeline.lock"
    with path.open("w") as up:
        fcntl.flock(up, fcntl.LOCK_EX)
        process = holding(path)
        eventually(lambda: waits(process.pid), "the wait for the lock")
        assert alive(process.pid)
    assert process.wait(10) == -signal.SIGTERM


def test_a_process_that_ignores_the_friendly_signal_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lifeline.lock"
    path.touch()
    process = holding(path, before="signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    assert process.wait(10) == -signal.SIGKILL


def test_a_lifeline_that_nobody_made_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        lifeline.hold(tmp_path / "missing")


def waits(pid: int) -> bool:
    """Say whether some thread of the process waits for a lock."""
    return any(f": -> FLOCK  ADVISORY  READ {pid} " in line for line in Path("/proc/locks").read_text().splitlines())
