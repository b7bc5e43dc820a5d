"""The locks: one holder, and everybody else learns at once that it is gone."""

import subprocess
import sys
from pathlib import Path

import pytest
from deita_hub.lifeline import FileLock, LockBusyError

WATCHER = """
import sys, threading, pathlib
from deita_hub import lifeline
lifeline.watch(pathlib.Path(sys.argv[1]), lambda: print("gone", flush=True))
print("watching", flush=True)
threading.Event().wait()
"""


def test_a_lock_has_one_holder_until_it_is_released(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    first.acquire()
    with pytest.raises(LockBusyError):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_a_process_ends_when_the_lifeline_is_released(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lifeline")
    lock.acquire()
    watcher = subprocess.Popen([sys.executable, "-c", WATCHER, lock.path], stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    assert watcher.stdout.readline() == "watching\n"
    assert watcher.poll() is None
    lock.release()
    assert watcher.communicate(timeout=10)[0] == "gone\n"
    assert watcher.returncode == 0
