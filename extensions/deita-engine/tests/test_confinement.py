"""The operating system's layer, looked at from inside an engine's process and from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from deita_engine import landlock
from deita_engine.child import environment
from deita_engine.client import Engine, EngineConfig

GIVEN_UP = ("files", "network", "signals")
KERNEL_GIVES = {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2}.get(landlock.version(), 3)
INSIDE = """
import contextlib, json, os, resource, socket, sqlite3, subprocess, sys, tempfile
from deita_engine.confinement import confine
options = json.loads(sys.argv[1])
confined = confine(options)

def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"

def secret_by_sqlite():
    try:
        with contextlib.closing(sqlite3.connect(options["outside"] + "/x.sqlite")) as database:
            database.execute("create table t (a)")
    except sqlite3.OperationalError as error:
        raise PermissionError from error

def memory():
    try:
        bytearray(options["address_space"])
    except MemoryError as error:
        raise OSError from error

def descriptors():
    held = [os.dup(0) for _ in range(5000)]

storage, outside = options["storage"], options["outside"]
print(json.dumps({
    "confined": confined,
    "read": tried(lambda: open(outside + "/secret").read()),
    "list": tried(lambda: os.listdir(outside)),
    "write": tried(lambda: open(outside + "/new", "w")),
    "remove": tried(lambda: os.unlink(outside + "/secret")),
    "link": tried(lambda: os.symlink(outside + "/secret", storage + "/link") or open(storage + "/link").read()),
    "hardlink": tried(lambda: os.link(outside + "/secret", storage + "/hard")),
    "sqlite": tried(secret_by_sqlite),
    "passwd": tried(lambda: open("/etc/passwd").read()),
    "home": tried(lambda: os.listdir(os.path.expanduser("~"))),
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", options["port"]), 5)),
    "allowed": tried(lambda: socket.create_connection(("127.0.0.1", options["ports"][0]), 5)),
    "bind": tried(lambda: socket.create_server(("127.0.0.1", 0))),
    "signal": tried(lambda: os.kill(os.getppid(), 0)),
    "environment of others": tried(lambda: open(f"/proc/{os.getppid()}/environ").read()),
    "own": tried(lambda: open(storage + "/own", "w").write("x")),
    "rename": tried(lambda: os.rename(storage + "/own", options["spool"] + "/moved")),
    "temporary": tried(lambda: tempfile.TemporaryFile(dir=options["spool"])),
    "child": subprocess.run([sys.executable, "-c", f"open({outside!r} + '/secret')"], stderr=-3).returncode,
    "memory": tried(memory),
    "descriptors": tried(descriptors),
    "limits": {name: resource.getrlimit(getattr(resource, name)) for name in options["limits"]},
}))
"""
FILES = ("read", "list", "write", "remove", "link", "hardlink", "sqlite", "passwd", "home", "environment of others")


@pytest.fixture
def seen(tmp_path: Path) -> dict[str, object]:
    """What a process finds that confined itself as an engine does, with everything in the same user's hands."""
    storage, outside = tmp_path / "storage", tmp_path / "outside"
    for folder in (storage / "spool", outside):
        folder.mkdir(parents=True)
    (outside / "secret").write_text("canary")
    from socket import create_server

    with create_server(("127.0.0.1", 0)) as server, create_server(("127.0.0.1", 0)) as allowed:
        options = {
            "storage": str(storage),
            "spool": str(storage / "spool"),
            "temporary": str(storage / "spool"),
            "outside": str(outside),
            "readable": [],
            "writable": [str(storage)],
            "limits": ["RLIMIT_AS", "RLIMIT_CORE", "RLIMIT_NOFILE"],
            "address_space": 1024**3,
            "port": server.getsockname()[1],
            "ports": [allowed.getsockname()[1]],
        }
        found = subprocess.run(
            [sys.executable, "-c", INSIDE, json.dumps(options)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert found.returncode == 0, found.stderr
    result: dict[str, object] = json.loads(found.stdout)
    return result


def test_the_process_gives_up_what_the_kernel_can_take(seen: dict[str, object]) -> None:
    held = GIVEN_UP[:KERNEL_GIVES]
    assert seen["confined"] == list(held)
    if "files" in held:
        assert "done" not in {name: seen[name] for name in FILES}.values()
        assert seen["child"] == 1
    if "network" in held:
        assert (seen["connect"], seen["bind"]) == ("PermissionError", "PermissionError")
    if "signals" in held:
        assert seen["signal"] == "PermissionError"


def test_what_belongs_to_the_workspace_stays_open(seen: dict[str, object]) -> None:
    assert (seen["own"], seen["rename"], seen["temporary"], seen["allowed"]) == ("done", "done", "done", "done")


def test_memory_descriptors_and_core_dumps_are_limited_for_good(seen: dict[str, object]) -> None:
    assert seen["limits"] == {
        "RLIMIT_AS": [1024**3, 1024**3],
        "RLIMIT_CORE": [0, 0],
        "RLIMIT_NOFILE": [4096, 4096],
    }
    assert (seen["memory"], seen["descriptors"]) == ("OSError", "OSError")


@pytest.mark.parametrize("role", ["pid", "writer_pid"])
async def test_a_running_engine_is_confined(config: EngineConfig, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    engine = Engine(config)
    await engine.tables()
    if role == "writer_pid":
        with pytest.raises(Exception, match="no table"):
            await engine.drop_table("nothing", "me")
    pid = engine.status()[role]
    status = dict(
        line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert os.getsid(pid) == pid
    assert int(Path(f"/proc/{pid}/oom_score_adj").read_text()) == 500
    assert b"canary" not in Path(f"/proc/{pid}/environ").read_bytes()
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert f"Max address space         {config.options('read', {})['address_space']}" in limits
    assert engine.status()["confined"] == list(GIVEN_UP[:KERNEL_GIVES])
    await engine.stop()
