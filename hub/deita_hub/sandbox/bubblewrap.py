"""The walls themselves: the arguments of `bwrap` that every sandbox has in common.

Inside there is a user without rights, a process table of its own, the machine's programs to read and nothing else. No
setuid program and no further namespace can be used (`--disable-userns`, no new privileges), so that what is hidden
cannot be mounted again. `/proc` is that of the own process table; what of it belongs to the whole machine is read-only
or covered, by the list that container engines use, because a Deita that root started owns those files. Not taken:
`--die-with-parent`, since servers outlive the hub; they end by the lifeline.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

PROGRAM = "bwrap"
USER = "1000"
TEMPORARY_BYTES = 1_000_000_000
"""How large the private `/tmp` may become; it lies in memory."""
NAMESPACES = (
    *("--unshare-user", "--uid", USER, "--gid", USER, "--disable-userns", "--cap-drop", "ALL"),
    *("--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--hostname", "deita"),
)
NO_NETWORK = ("--unshare-net",)
"""A network of its own, in which there is nothing but the sandbox itself."""
SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "mime.types", "fonts"),
    *("hosts", "host.conf", "nsswitch.conf", "resolv.conf", "gai.conf", "protocols", "services"),
    *("ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls/certs", "pki/ca-trust/extracted"),
)
"""Of /etc what programs need to start, to know the time and to reach others; no keys, no accounts."""
MACHINE = ("/sys/devices/system/cpu", "/sys/devices/system/node")
READ_ONLY_PROC = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs")
COVERED_PROC = (
    *("/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats"),
    *("/proc/kpagecount", "/proc/kpageflags", "/proc/kpagecgroup", "/proc/sched_debug", "/proc/scsi"),
    *("/proc/timer_list", "/proc/timer_stats"),
)
OWN_ETC = Path(__file__).with_name("etc")


def found() -> str | None:
    """Where bubblewrap is installed, None where it is not."""
    return shutil.which(PROGRAM)


def base() -> list[str]:
    """The options that every sandbox has; its own mounts come after them."""
    temporary = ("--size", str(TEMPORARY_BYTES), "--tmpfs", "/tmp")
    return [*NAMESPACES, *_system(), *_proc(), "--dev", "/dev", *temporary]


def each(option: str, paths: Iterable[Path]) -> Iterator[str]:
    """The same mount for several paths, each under its own name."""
    for path in paths:
        yield from (option, str(path), str(path))


def filtered(descriptors: Iterable[int]) -> Iterator[str]:
    """The filter of system calls that can be read from this descriptor (`system_calls.opened`)."""
    for descriptor in descriptors:
        yield from ("--seccomp", str(descriptor))


def hidden(path: Path) -> tuple[str, ...]:
    """An empty folder in the place of this one; what is mounted below it comes after."""
    return ("--tmpfs", str(path))


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in SYSTEM_LINKS:
        place = Path("/", name)
        if place.is_symlink():
            yield from ("--symlink", str(place.readlink()), str(place))
        else:
            yield from ("--ro-bind-try", str(place), str(place))
    for name in ETC:
        place = Path("/etc", name)
        yield from ("--ro-bind-try", os.path.realpath(place), str(place))
    for name in ("passwd", "group"):
        yield from ("--ro-bind", str(OWN_ETC / name), f"/etc/{name}")
    yield from each("--ro-bind-try", map(Path, MACHINE))


def _proc() -> Iterator[str]:
    yield from ("--proc", "/proc")
    yield from each("--ro-bind-try", map(Path, READ_ONLY_PROC))
    for name in COVERED_PROC:
        if Path(name).is_dir():
            yield from ("--tmpfs", name, "--remount-ro", name)
        elif Path(name).exists():
            yield from ("--ro-bind", os.devnull, name)
