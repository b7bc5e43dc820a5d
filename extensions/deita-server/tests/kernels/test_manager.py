"""Kernels of a running server."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..kernel_channels import channels
from ..live_hub import Hub, Server, alive, children, environment_of, eventually


@pytest.fixture
def kernel(server: Server) -> Iterator[tuple[str, int]]:
    """A Python kernel: its id and its process."""
    before = set(children(server.pid))
    kernel_id = server.post("api/kernels", json={"name": "python3"}).json()["id"]
    (pid,) = set(children(server.pid)) - before
    yield kernel_id, pid
    server.delete(f"api/kernels/{kernel_id}")


def data_plane(server: Server, token: str) -> int:
    """The status of the data plane's description for whoever holds a token."""
    return httpx.get(
        server.url + "deita/api/v1/workspace", headers={"Authorization": f"Bearer {token}"}, timeout=60
    ).status_code


def test_a_kernel_knows_the_data_plane_and_no_secret_of_the_server(server: Server, kernel: tuple[str, int]) -> None:
    environment = environment_of(kernel[1])
    assert environment["DEITA_API"].endswith("/user/me/shop/deita/api/v1")
    assert environment["DEITA_WORKSPACE"] == "shop"
    assert Path(environment["DEITA_SPOOL"]) == server.storage / "people" / "me" / "spool"
    assert environment["JPY_PARENT_PID"] == str(server.pid)
    hidden = {name: value for name, value in environment_of(server.pid).items() if "TOKEN" in name}
    assert {"JUPYTERHUB_API_TOKEN", "CANARY_TOKEN"} <= set(hidden)
    assert not set(hidden.values()) & set(environment.values())
    assert not [name for name in environment if name.startswith("JUPYTERHUB_")]


def test_a_kernel_starts_in_the_notebooks_folder(server: Server, kernel: tuple[str, int]) -> None:
    assert Path(f"/proc/{kernel[1]}/cwd").resolve() == (server.storage / "notebooks").resolve()


def test_a_kernel_listens_on_private_sockets_only(kernel: tuple[str, int]) -> None:
    command = Path(f"/proc/{kernel[1]}/cmdline").read_text().split("\0")
    file = Path(next(word for word in command if word.endswith(".json")))
    connection = json.loads(file.read_text())
    assert connection["transport"] == "ipc"
    assert len(connection["ip"]) + len("-5") <= 100
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_kernels_token_opens_the_data_plane_and_nothing_else(server: Server, kernel: tuple[str, int]) -> None:
    token = environment_of(kernel[1])["DEITA_TOKEN"]
    headers = {"Authorization": f"Bearer {token}"}
    assert data_plane(server, token) == 200
    for method, path in [
        ("GET", "api/kernels"),
        ("POST", "api/kernels"),
        ("GET", "api/contents"),
        ("GET", "lab"),
        ("GET", "apps/explore"),
    ]:
        assert httpx.request(method, server.url + path, headers=headers, timeout=60).status_code == 403, (method, path)
    assert httpx.get(server.url + "deita/api/v1/../../../api/kernels", headers=headers, timeout=60).status_code == 403


def test_a_kernels_token_ends_with_the_kernel(server: Server) -> None:
    before = set(children(server.pid))
    kernel_id = server.post("api/kernels", json={"name": "python3"}).json()["id"]
    (pid,) = set(children(server.pid)) - before
    token = environment_of(pid)["DEITA_TOKEN"]
    assert data_plane(server, token) == 200
    server.delete(f"api/kernels/{kernel_id}")
    assert data_plane(server, token) == 401


def test_a_kernel_runs_code_and_survives_its_restart(server: Server, kernel: tuple[str, int]) -> None:
    with channels(server, kernel[0]) as channel:
        assert channel.run("import os; print(os.environ['DEITA_WORKSPACE'])") == "shop\n"
    server.post(f"api/kernels/{kernel[0]}/restart")
    with channels(server, kernel[0], binary=True) as channel:
        assert channel.run("print(6 * 7)") == "42\n"
    eventually(lambda: not alive(kernel[1]), "the end of the first process")


def test_what_a_kernel_prints_and_what_fails_in_it_is_in_no_log(
    hub: Hub, server: Server, kernel: tuple[str, int]
) -> None:
    with channels(server, kernel[0]) as channel:
        for code in (
            "print('canary-in-a-kernel')",
            "import os; os.system('echo canary-in-a-kernel; echo canary-in-a-kernel >&2')",
            "os.write(2, b'canary-in-a-kernel')",
            "raise ValueError('canary-in-a-kernel')",
            "import logging; logging.warning('canary-in-a-kernel')",
        ):
            asked = channel.send("execute_request", {"code": code, "silent": False, "store_history": False})
            channel.answer_to(asked, "execute_reply")
        assert channel.run("print('over')") == "over\n"
    assert "canary-in-a-kernel" not in (hub.folder / "hub.log").read_text(errors="replace")


def test_a_killed_kernel_comes_back_with_a_token_that_works(server: Server, kernel: tuple[str, int]) -> None:
    before = set(children(server.pid))
    os.kill(kernel[1], signal.SIGKILL)
    (pid,) = eventually(lambda: set(children(server.pid)) - before, "the restart")
    eventually(lambda: "DEITA_TOKEN" in environment_of(pid), "the kernel's program")
    assert data_plane(server, environment_of(pid)["DEITA_TOKEN"]) == 200


def test_only_our_kernels_are_offered(server: Server) -> None:
    assert set(server.get("api/kernelspecs").json()["kernelspecs"]) == {"python3", "deita-sql"}
