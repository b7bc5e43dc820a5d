"""Ways to change the machine, and to rights that would open everything else."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.escape.processes import LIBC
from tests.escape.registry import World, attempt, tried

CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET = 0x10000000, 0x00020000, 0x40000000
MS_REMOUNT, MS_BIND = 32, 4096
CLONE3_NEWUSER = CLONE_NEWUSER.to_bytes(8, "little")
CALLS: dict[str, Callable[[], int]] = {
    "mount": lambda: LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None),
    "remount": lambda: LIBC.mount(b"none", b"/usr", None, MS_REMOUNT | MS_BIND, None),
    "umount": lambda: LIBC.umount2(b"/proc/sys", 0),
    "chroot": lambda: LIBC.chroot(b"/tmp"),
    "pivot_root": lambda: LIBC.syscall(155, b"/tmp", b"/tmp"),
    "setuid": lambda: LIBC.setuid(0),
    "setgroups": lambda: LIBC.setgroups(0, None),
    "sethostname": lambda: LIBC.sethostname(b"mine", 4),
    "new user namespace": lambda: LIBC.unshare(CLONE_NEWUSER),
    "new mount namespace": lambda: LIBC.unshare(CLONE_NEWNS),
    "new network namespace": lambda: LIBC.unshare(CLONE_NEWNET),
    "device": lambda: LIBC.mknod(b"/tmp/disk", 0o060666, os.makedev(254, 0)),
    "kernel module": lambda: LIBC.syscall(175, b"", 0, b""),
    "bpf": lambda: LIBC.syscall(321, 5, ctypes.create_string_buffer(128), 128),
    "kernel log": lambda: LIBC.klogctl(3, ctypes.create_string_buffer(64), 64),
    "clock": lambda: LIBC.settimeofday(ctypes.create_string_buffer(16), None),
    "accounting": lambda: LIBC.acct(b"/tmp/account"),
    "swap": lambda: LIBC.swapoff(b"/swap"),
    "restart key": lambda: LIBC.reboot(0),
    "performance counters of all": lambda: LIBC.syscall(298, ctypes.create_string_buffer(128), -1, 0, -1, 0),
    "keys of the kernel": lambda: LIBC.syscall(250, 0, -3, 1),
    "queue in the kernel": lambda: LIBC.syscall(425, 8, ctypes.create_string_buffer(120)),
    "page faults": lambda: LIBC.syscall(323, 1),
    "events of all files": lambda: LIBC.syscall(300, 0x200, 0),
    "the own parent's memory": lambda: LIBC.ptrace(0x4206, os.getppid(), None, None),
    "cryptography of the kernel": lambda: LIBC.socket(38, 5, 0),
    "socket to the machine below": lambda: LIBC.socket(40, 1, 0),
    "new user namespace by clone": lambda: LIBC.syscall(56, 0x10000000, 0, 0, 0, 0),
    "new user namespace by clone3": lambda: LIBC.syscall(435, ctypes.create_string_buffer(CLONE3_NEWUSER, 88), 88),
    "handle of a file anywhere": lambda: LIBC.syscall(304, 3, ctypes.create_string_buffer(16), 0),
}


def worked(call: Callable[[], int]) -> bool:
    """Whether a system call went through, tried in a process of its own."""
    pid = os.fork()
    if pid == 0:
        os._exit(0 if call() >= 0 else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@attempt
def use_privileged_calls(world: World) -> object:
    return [name for name, call in CALLS.items() if worked(call)]


@attempt
def hold_capabilities(world: World) -> object:
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.startswith("Cap") and int(line.split()[1], 16)]


@attempt
def gain_rights_by_setuid_programs(world: World) -> object:
    words = ("su", "sudo", "mount", "newuidmap", "passwd", "pkexec")
    programs = [f"/usr/bin/{word}" for word in words if os.path.exists(f"/usr/bin/{word}")]
    script = "import ctypes, os; print(os.geteuid())"
    shell = subprocess.run(["/usr/bin/env", "python3", "-c", script], capture_output=True, text=True, check=False)
    return programs and shell.stdout.strip() == "0"


@attempt
def enter_other_namespaces(world: World) -> object:
    got = []
    for kind in ("user", "mnt", "pid", "net", "ipc"):
        for place in Path("/proc").glob(f"[0-9]*/ns/{kind}"):
            descriptor = os.open(place, os.O_RDONLY)
            got += [str(place)] if worked(lambda descriptor=descriptor: LIBC.setns(descriptor, 0)) else []
            os.close(descriptor)
    return got


@attempt
def change_the_kernels_settings(world: World) -> object:
    got = []
    for root, _, names in os.walk("/proc/sys"):
        for name in names:
            try:
                os.close(os.open(os.path.join(root, name), os.O_WRONLY))
            except OSError:
                continue
            got.append(os.path.join(root, name))
    return got


@attempt
def write_into_special_files(world: World) -> object:
    got = []
    for place in (
        "/proc/sysrq-trigger",
        "/proc/kcore",
        "/proc/1/oom_score_adj",
        "/dev/mem",
        "/dev/sda",
        "/dev/vda",
        "/dev/kmsg",
    ):
        try:
            os.close(os.open(place, os.O_WRONLY))
        except OSError:
            continue
        got.append(place)
    return [place for place in got if place != "/proc/1/oom_score_adj"]  # the own sandbox's first process


@attempt
def write_into_system_folders(world: World) -> object:
    got = []
    folders = (
        "/",
        "/usr",
        "/usr/bin",
        "/etc",
        "/lib",
        "/sys",
        "/proc",
        "/root",
        "/home",
        "/var",
        world["home"],
        world["storage"],
    )
    for folder in (*folders, *world["programs"]):
        try:
            place = Path(folder, "planted")
            place.touch()
        except OSError:
            continue
        got.append(folder)
    return got


@attempt
def change_deitas_code(world: World) -> object:
    import deita

    with Path(deita.__file__).open("a") as file:
        return file.write("# mine")


@attempt
def reach_sockets_of_the_machine(world: World) -> object:
    """Sockets in the file system: a container engine's, the desktop's, other servers' kernels'."""
    got = []
    for root, folders, names in os.walk("/"):
        folders[:] = [
            name for name in folders if os.path.join(root, name) not in ("/proc", "/sys", "/usr", *world["programs"])
        ]
        for name in names:
            place = os.path.join(root, name)
            if Path(place).is_socket() and not place.startswith(("/tmp/deita-k-", world["doors"])):
                got.append(place)
    return got


@attempt
def reach_kernels_of_others(world: World) -> object:
    """Their sockets lie in folders under /tmp; one's own folder is the only one here."""
    return [str(place) for place in Path("/tmp").glob("*deita-k-*")][1:]


@attempt
def fill_the_places_that_are_covered(world: World) -> object:
    for place in (world["home"], world["storage"], f"{world['workspace']}/people"):
        Path(place, "full").write_bytes(b"x")
    return "written"


@attempt
def see_keys_of_others(world: World) -> object:
    return tried("/proc/keys").decode().strip()


@attempt
def listen_to_the_network(world: World) -> object:
    return socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
