"""What one person's server may take, tried by a real notebook's kernel in a real sandbox.

Root is exempt from the limit on processes, so that root runs this Deita as `nobody`, where `nobody` can reach Python.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from deita_hub.sandbox import bubblewrap, probe

from bench.running import Deita
from tests.escape.kernel import execute

MEMORY, PROCESSES = 3 * 2**30, 400
UNPRIVILEGED = "nobody"
BOMB = """
import os, time
for number in range(5000):
    if os.fork() == 0:
        time.sleep(600)
        os._exit(0)
"""
HOG = "hog = bytearray(6 * 2**30)"


def _as_unprivileged() -> list[str]:
    """The words that run a command as a user without rights."""
    if os.geteuid() != 0:
        return []
    user = pwd.getpwnam(UNPRIVILEGED)
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]


def _obstacle() -> str | None:
    """Why such a user cannot run Deita behind walls here, None when they can."""
    words = _as_unprivileged()
    tried = {
        "this Python is out of a user's reach": ["sh", "-c", f"{sys.executable} -c 'import deita_hub'"],
        "a user may not make sandboxes": [bubblewrap.PROGRAM, *bubblewrap.base(), "--", "true"],
    }
    for reason, command in tried.items():
        try:
            done = subprocess.run([*words, *command], cwd="/", capture_output=True, timeout=60, check=False)
        except OSError:
            return reason
        if done.returncode:
            return reason
    return None


OBSTACLE = _obstacle()
AS_USER = _as_unprivileged() if OBSTACLE is None else []
without_rights = pytest.mark.skipif(OBSTACLE is not None, reason=f"no sandbox without rights here: {OBSTACLE}")
pytestmark = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")


@pytest.fixture(scope="module")
def limited() -> Iterator[Deita]:
    """A running Deita with limits, of a user without rights where that can be."""
    with tempfile.TemporaryDirectory(prefix="deita-limits-") as name:
        folder = Path(name)
        if AS_USER:
            user = pwd.getpwnam(UNPRIVILEGED)
            os.chown(folder, user.pw_uid, user.pw_gid)
        limits = {"DEITA_SERVER_MEMORY": str(MEMORY), "DEITA_SERVER_PROCESSES": str(PROCESSES)}
        deita = Deita(folder, None, HOME=name, DEITA_SANDBOX="bubblewrap", DEITA_SAMPLES="0", **limits)
        deita.command = [*AS_USER, *deita.command]
        deita.start()
        try:
            yield deita
        finally:
            deita.stop()


@pytest.fixture(scope="module")
def client(limited: Deita) -> Iterator[httpx.Client]:
    with limited.client() as http:
        http.post(f"{limited.control}/workspaces", json={"name": "Limits"}).raise_for_status()
        yield http


@pytest.fixture(scope="module")
def api(limited: Deita, client: httpx.Client) -> str:
    return limited.open(client, "limits")


def answers(client: httpx.Client, api: str) -> bool:
    body = {"sql": "select 42", "wait_ms": 30_000, "cache": False}
    return bool(client.post(f"{api}/queries", json=body).json()["rows"] == [[42]])


def server_of(api: str) -> str:
    return api.removesuffix("deita/api/v1")


def end_kernels(client: httpx.Client, api: str) -> None:
    """As a person does who chooses to shut all down."""
    for kernel in client.get(f"{server_of(api)}api/kernels").raise_for_status().json():
        client.delete(f"{server_of(api)}api/kernels/{kernel['id']}").raise_for_status()


@without_rights
def test_a_user_without_rights_has_walls(limited: Deita, client: httpx.Client, api: str) -> None:
    assert client.get(f"{api}/workspace").json()["isolation"] == "bubblewrap"
    said = limited.cli("check", check=False).stdout
    assert "bubblewrap: a server sees its own workspace" in said
    assert "Deita runs as root" not in said
    look = f"import os; assert not os.path.exists({str(limited.home / 'secrets')!r}) and os.getuid() == 1000"
    assert execute(client, server_of(api), look)["status"] == "ok"


@without_rights
def test_a_fork_bomb_ends_in_an_error_and_the_server_answers(client: httpx.Client, api: str) -> None:
    assert answers(client, api)
    reply = execute(client, server_of(api), BOMB)
    assert (reply["status"], reply["ename"]) == ("error", "BlockingIOError"), reply
    assert client.get(f"{api}/health").status_code == 200
    end_kernels(client, api)
    assert answers(client, api)
    assert execute(client, server_of(api), "1 + 1")["status"] == "ok"


def test_a_kernel_that_takes_all_memory_gets_an_error_and_the_server_stays(client: httpx.Client, api: str) -> None:
    reply = execute(client, server_of(api), HOG)
    assert (reply["status"], reply["ename"]) == ("error", "MemoryError"), reply
    assert answers(client, api)
