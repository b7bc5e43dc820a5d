"""The filter of system calls, tried by a program behind it."""

from __future__ import annotations

import errno
import json
import platform
import subprocess
import sys

import pytest
from deita_hub.sandbox import bubblewrap, probe, system_calls, view

pytestmark = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
COLUMN = system_calls.ARCHITECTURES.get(platform.machine(), (0,))[0]
NUMBERS = {name: numbers[COLUMN] for name, numbers in system_calls.DENIED.items()}
TRY = """
import ctypes, json, sys
libc = ctypes.CDLL(None, use_errno=True)
def tried(number, *arguments):
    ctypes.set_errno(0)
    return ctypes.get_errno() if libc.syscall(number, *arguments) < 0 else 0
print(json.dumps([tried(*call) for call in json.loads(sys.argv[1])]))
"""


def behind(program: str, *words: str, filtered: bool = True) -> subprocess.CompletedProcess[str]:
    with system_calls.opened() as descriptors:
        option = [word for each in descriptors for word in ("--seccomp", str(each))] if filtered else []
        programs = bubblewrap.each("--ro-bind-try", view.programs())
        command = [
            bubblewrap.PROGRAM,
            *bubblewrap.base(),
            *programs,
            *option,
            "--",
            sys.executable,
            "-c",
            program,
            *words,
        ]
        return subprocess.run(command, pass_fds=descriptors, capture_output=True, text=True, check=False, timeout=60)


def answers(calls: list[list[int]], *, filtered: bool = True) -> list[int]:
    found = behind(TRY, json.dumps(calls), filtered=filtered)
    assert found.returncode == 0, found.stderr
    return list(json.loads(found.stdout))


def test_what_is_denied_is_refused_and_some_of_it_only_because_of_the_filter() -> None:
    calls = [[number, 0, 0, 0, 0, 0] for number in NUMBERS.values()]
    assert dict(zip(NUMBERS, answers(calls), strict=True)) == dict.fromkeys(NUMBERS, errno.EPERM)
    bare = dict(zip(NUMBERS, answers(calls, filtered=False), strict=True))
    assert {name for name, error in bare.items() if error != errno.EPERM} >= {"ptrace", "keyctl", "io_uring_setup"}


def test_new_namespaces_and_rare_sockets_are_refused_and_common_ones_are_not() -> None:
    clone, clone3, sockets = (each[COLUMN] for each in (system_calls.CLONE, system_calls.CLONE3, system_calls.SOCKET))
    calls = [
        [clone, 0x10000000, 0, 0, 0, 0],
        [clone3, 0, 0],
        [sockets, 40, 1, 0],
        [sockets, 38, 5, 0],
        [sockets, 1, 1, 0],
    ]
    assert answers(calls) == [errno.EPERM, errno.ENOSYS, errno.EPERM, errno.EPERM, 0]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="other processors have one set of numbers")
def test_other_sets_of_numbers_do_not_lead_around_it() -> None:
    assert answers([[system_calls.OTHER_NUMBERS + NUMBERS["ptrace"], 0, 0, 0, 0]]) == [errno.ENOSYS]


WORK = """
import subprocess, sys, threading, multiprocessing, duckdb, pyarrow
def work(): duckdb.sql("select sum(range) from range(1000000)").fetchone()
if __name__ == "__main__":
    thread = threading.Thread(target=work); thread.start(); thread.join()
    assert subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout == b"1\\n"
    child = multiprocessing.get_context("fork").Process(target=print, args=("child",)); child.start(); child.join()
    import ctypes
    print("landlock", ctypes.CDLL(None).syscall(444, None, 0, 1) != -38)
"""


def test_threads_children_and_landlock_work_behind_it() -> None:
    found = behind(WORK)
    assert found.returncode == 0, found.stderr
    assert found.stdout.splitlines() == ["child", "landlock True"]


def test_there_is_none_for_a_processor_that_it_is_not_written_for() -> None:
    with system_calls.opened("riscv64") as descriptors:
        assert descriptors == ()
