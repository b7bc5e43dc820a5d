"""Ways to other processes and their memory, and to the hub's environment."""

from __future__ import annotations

import ctypes
import os
import signal
from pathlib import Path

from tests.escape.registry import World, attempt, canaries, first, tried

LIBC = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE = 0x4206


def called(result: int) -> int:
    """The result of a system call; OSError when it was refused."""
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


@attempt
def find_secrets_in_the_own_environment(world: World) -> object:
    return canaries(world, repr(dict(os.environ)).encode())


@attempt
def find_secrets_in_process_environments(world: World) -> object:
    return first(canaries(world, tried(place)) for place in Path("/proc").glob("[0-9]*/environ"))


@attempt
def find_secrets_in_command_lines(world: World) -> object:
    return first(canaries(world, tried(place)) for place in Path("/proc").glob("[0-9]*/cmdline"))


@attempt
def find_secrets_in_reachable_memory(world: World) -> object:
    """The memory of each process that may be read: the server's own holds its own token and no other secret."""
    for place in Path("/proc").glob("[0-9]*"):
        if place.name == str(os.getpid()):
            continue
        for line in tried(place / "maps").decode(errors="replace").splitlines():
            begin, end = (int(number, 16) for number in line.split()[0].split("-"))
            if "[heap]" in line or "[stack]" in line:
                with (place / "mem").open("rb", 0) as memory:
                    memory.seek(begin)
                    found = canaries(world, memory.read(min(end - begin, 50_000_000)))
                if found:
                    return f"{found} in {place.name}"
    return None


@attempt
def see_processes_of_others(world: World) -> object:
    words = ("deita_hub", "configurable-http-proxy", f"{world['other_person']}--")
    lines = [tried(place).replace(b"\0", b" ").decode() for place in Path("/proc").glob("[0-9]*/cmdline")]
    return [line for line in lines if any(word in line for word in words)]


@attempt
def signal_processes_of_others(world: World) -> object:
    got = []
    for name, pid in world["pids"].items():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            continue
        if name not in tried(f"/proc/{pid}/cmdline").decode():
            continue  # a process of our own that has the same number in here
        got.append(name)
    return got


@attempt
def trace_processes_of_others(world: World) -> object:
    mine = {int(place.name) for place in Path("/proc").glob("[0-9]*")}
    others = [pid for pid in world["pids"].values() if pid not in mine]
    return [called(LIBC.ptrace(PTRACE_SEIZE, pid, None, None)) for pid in others]


@attempt
def open_a_handle_of_another_process(world: World) -> object:
    mine = {int(place.name) for place in Path("/proc").glob("[0-9]*")}
    handles = [os.pidfd_open(pid) for pid in world["pids"].values() if pid not in mine]
    for handle in handles:
        signal.pidfd_send_signal(handle, 0)
    return handles


@attempt
def open_shared_memory_of_others(world: World) -> object:
    segments = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return segments or [name for name in os.listdir("/dev/shm") if not name.startswith(("sem.", "psm_"))]
