"""Processes known by more than their pid."""

import subprocess
import sys
from pathlib import Path

from deita_hub import processes
from deita_hub.processes import ProcessIdentity

STUBBORN = (
    "import signal, threading; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); threading.Event().wait()"
)


def test_a_later_process_with_the_same_pid_is_somebody_else() -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    assert identity.alive()
    assert not ProcessIdentity(process.pid, identity.started - 100).alive()
    process.communicate(b"\n")
    assert not identity.alive()


def test_recorded_processes_are_ended_even_stubborn_ones(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    process.stdout.readline()
    identity = ProcessIdentity.of(process.pid)
    assert identity is not None
    processes.remember(tmp_path, "me--shop", identity)
    (tmp_path / "spoilt.json").write_text("{")
    assert processes.remembered(tmp_path) == {"me--shop": identity}
    processes.end([identity], grace=0.2)
    assert process.wait(5) == -9
    assert processes.remembered(tmp_path) == {}
    process.stdout.close()


def test_an_ended_server_is_struck_off_the_record(tmp_path: Path) -> None:
    processes.remember(tmp_path, "me--shop", ProcessIdentity(1, 0.0))
    processes.forget(tmp_path, "me--shop")
    processes.forget(tmp_path, "me--shop")
    assert list(tmp_path.iterdir()) == []
