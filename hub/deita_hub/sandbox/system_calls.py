"""The filter of system calls that every sandbox has: what no server needs is refused, whatever the kernel would say.

It is a wall behind the others: most of these calls need a privilege that nobody has in a sandbox, and it is their code
in the kernel where holes have been found. What is refused is `DENIED`; everything else is allowed, since notebooks run
any program. The filter is a program for the kernel's packet filter (`man 2 seccomp`, linux/bpf_common.h), written out
here: libseccomp would be one more library of the system for forty numbers.
"""

from __future__ import annotations

import errno
import os
import platform
import struct
from collections.abc import Iterator
from contextlib import contextmanager

DENIED = {
    # mounts, other roots, other namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    "open_by_handle_at": (304, 265),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # keys, and large parts of the kernel that servers have no use for
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    # the machine
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "adjtimex": (159, 171),
    "clock_adjtime": (305, 266),
    "lookup_dcookie": (212, 18),
}
"""Numbers on x86-64 and on arm64."""
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
CLONE, CLONE3, SOCKET = (56, 220), (435, 435), (41, 198)
NEW_NAMESPACES = 0x7E020000
FAMILIES = (38, 40)
"""AF_ALG and AF_VSOCK: the kernel's cryptography, and a virtual machine's host."""
OTHER_NUMBERS = 0x40000000
"""From here on are those of x32, a second set on x86-64."""
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16
LOAD, EQUAL, AT_LEAST, ANY_BIT, ANSWER = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
REFUSED, UNKNOWN = REFUSE | errno.EPERM, REFUSE | errno.ENOSYS
Step = tuple[int, int, int, int]


@contextmanager
def opened(machine: str | None = None) -> Iterator[tuple[int, ...]]:
    """The descriptor from which `bwrap --seccomp` reads the filter; none for processors that it is not written for."""
    program = written(machine or platform.machine())
    if not program:
        yield ()
        return
    descriptor = os.memfd_create("system-calls")
    try:
        os.write(descriptor, program)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield (descriptor,)
    finally:
        os.close(descriptor)


def written(machine: str) -> bytes:
    """The filter for this kind of machine, as the kernel wants it; empty for one that is not known."""
    if machine not in ARCHITECTURES:
        return b""
    column, architecture = ARCHITECTURES[machine]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (ANSWER, 0, 0, UNKNOWN),  # programs of 32 bits have other numbers
        (LOAD, 0, 0, NUMBER),
        *_if(AT_LEAST, OTHER_NUMBERS, UNKNOWN),
        *_if(EQUAL, CLONE3[column], UNKNOWN),  # what it asks for cannot be looked at: libraries take clone then
        *(step for numbers in DENIED.values() for step in _if(EQUAL, numbers[column], REFUSED)),
        *_argument(CLONE[column], _if(ANY_BIT, NEW_NAMESPACES, REFUSED)),
        *_argument(SOCKET[column], [step for family in FAMILIES for step in _if(EQUAL, family, REFUSED)]),
        (ANSWER, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _if(test: int, value: int, answer: int) -> list[Step]:
    return [(test, 0, 1, value), (ANSWER, 0, 0, answer)]


def _argument(number: int, looks: list[Step]) -> list[Step]:
    """Looks at the first argument of one call, which is loaded in the number's place; then it is allowed."""
    return [(EQUAL, 0, len(looks) + 2, number), (LOAD, 0, 0, FIRST_ARGUMENT), *looks, (ANSWER, 0, 0, ALLOW)]
