"""Starting a server's process: which process counts, what it is bound by, and that its walls end with it."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import deita_hub
import psutil
import pytest
from deita_hub.launching import Launch, Limits, StartFailedError
from deita_hub.processes import ProcessIdentity
from deita_hub.sandbox import bubblewrap, probe

walled = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
UNLIMITED = Limits()
WAYS = [pytest.param((), id="bare"), pytest.param(tuple(bubblewrap.base()), id="bubblewrap", marks=walled)]


def launched(
    folder: Path, script: str, walls: Sequence[str], limits: Limits = UNLIMITED
) -> tuple[subprocess.Popen[bytes], ProcessIdentity | None]:
    environment = {"PATH": os.environ["PATH"], "CANARY": "told"}
    return asyncio.run(Launch(["sh", "-c", script], environment, folder, folder / "log", limits, walls).run())


@pytest.mark.parametrize("walls", WAYS)
def test_a_server_that_is_asked_ends_and_says_how(
    tmp_path: Path, walls: Sequence[str], until: Callable[..., Any]
) -> None:
    process, identity = launched(tmp_path, "echo $CANARY; trap 'exit 5' TERM; while :; do sleep 0.1; done", walls)
    assert identity is not None
    until(lambda: (tmp_path / "log").read_text() == "told\n", 10, "the server runs")
    identity.ask_to_end()
    assert process.wait(10) == 5
    assert not identity.alive()


@pytest.mark.parametrize("walls", WAYS)
def test_it_tells_the_servers_exit_code(tmp_path: Path, walls: Sequence[str]) -> None:
    process, _ = launched(tmp_path, "exit 3", walls)
    assert process.wait(10) == 3


@pytest.mark.parametrize("walls", WAYS)
def test_memory_is_bounded(tmp_path: Path, walls: Sequence[str]) -> None:
    most = 512 * 1024**2
    process, identity = launched(tmp_path, "exec sleep 60", walls, Limits(memory=most))
    assert identity is not None
    assert psutil.Process(identity.pid).rlimit(psutil.RLIMIT_DATA) == (most, most)
    identity.make_end()
    process.wait(10)


@walled
def test_in_a_sandbox_limits_hold_from_the_first_command_on(tmp_path: Path) -> None:
    process, _ = launched(tmp_path, "ulimit -d", bubblewrap.base(), Limits(memory=512 * 1024**2))
    process.wait(10)
    assert (tmp_path / "log").read_text() == "524288\n"


@walled
def test_all_of_a_sandbox_ends_with_its_server(tmp_path: Path, until: Callable[..., Any]) -> None:
    process, identity = launched(tmp_path, "sleep 61 & setsid sleep 61 & exec sleep 62", bubblewrap.base())
    assert identity is not None
    first = psutil.Process(identity.pid)
    until(lambda: len(first.children(recursive=True)) == 3, 10, "all three run")
    family = first.children(recursive=True)
    next(each for each in family if each.cmdline() == ["sleep", "62"]).kill()
    assert process.wait(10) == 137
    until(lambda: not any(each.is_running() for each in family), 10, "nothing is left")


@walled
def test_a_server_outlives_whatever_started_it(tmp_path: Path) -> None:
    process, identity = launched(tmp_path, "exec sleep 62", bubblewrap.base())
    assert identity is not None
    process.kill()
    process.wait(10)
    assert identity.alive()
    identity.make_end()


@walled
def test_what_is_for_the_server_is_not_in_a_command_line(tmp_path: Path) -> None:
    process, identity = launched(tmp_path, "exec sleep 63", bubblewrap.base())
    assert identity is not None
    shown = [
        " ".join(each.cmdline()) for each in (psutil.Process(process.pid), psutil.Process(process.pid).children()[0])
    ]
    assert not [line for line in shown if "CANARY" in line or "/usr" in line.removeprefix(bubblewrap.found() or "")]
    identity.make_end()
    process.wait(10)


@walled
def test_a_sandbox_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartFailedError, match="the sandbox could not be made"):
        launched(tmp_path, "true", ["--no-such-option"])
    assert "--no-such-option" in (tmp_path / "log").read_text()


@walled
def test_a_sandbox_that_lacks_a_place_ends_at_once(tmp_path: Path) -> None:
    process, _ = launched(tmp_path, "true", [*bubblewrap.base(), "--bind", str(tmp_path / "never"), "/never"])
    assert process.wait(10) == 1
    assert "never" in (tmp_path / "log").read_text()


WITHOUT_RIGHTS = """
import asyncio, json, pathlib, sys
from deita_hub.launching import Launch, Limits
from deita_hub.sandbox import bubblewrap

def launched(name, script):
    limits, folder = Limits(processes=20), pathlib.Path(sys.argv[1])
    environment = {"PATH": "/usr/bin:/bin"}
    launch = Launch(["sh", "-c", script], environment, folder, folder / name, limits, bubblewrap.base())
    return asyncio.run(launch.run())

quiet, identity = launched("quiet", "for i in 1 2 3 4 5; do sleep 64 & done; wait")
code = launched("bomb", "for i in $(seq 200); do sleep 65 & echo started; done")[0].wait(30)
print(json.dumps({"code": code, "quiet": quiet.poll(), "said": pathlib.Path(sys.argv[1], "bomb").read_text()}))
identity.make_end()
quiet.wait(10)
"""


@walled
def test_a_fork_bomb_ends_at_the_limit_of_its_own_sandbox() -> None:
    """Where root does not run Deita; processes of the same user outside and in other sandboxes are not counted."""
    with tempfile.TemporaryDirectory() as folder:  # pytest's own is closed to other users
        told = as_another_user(WITHOUT_RIGHTS, folder)
    assert (told["code"], told["quiet"]) == (2, None), "the shell gives up when it cannot fork"
    assert "fork" in told["said"]
    assert 10 < told["said"].count("started") < 20


def as_another_user(program: str, folder: str) -> Any:
    """What a Python program prints that a user without rights runs; where this is root, `nobody`."""
    words, python = [], sys.executable
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        words = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--", "sh", "-c"]
        words.append('exec "$@"')
        words.append("as-nobody")
        python = shutil.which("python3", path="/usr/bin:/usr/local/bin") or python
    paths = [str(Path(deita_hub.__file__).parents[1]), *site.getsitepackages()]
    done = subprocess.run(
        [*words, python, "-c", program, folder],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if "No permissions to create new namespace" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip(f"a user without rights makes no sandbox here: {done.stderr.strip()[-200:]}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
