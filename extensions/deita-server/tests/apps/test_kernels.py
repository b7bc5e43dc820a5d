"""The kernels behind apps: widget messages only, a limit, an early end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from deita_server.apps.kernels import AppKernel, AppKernelsBase
from deita_server.kernels.manager import KernelGuard
from tornado.web import HTTPError

from ..kernel_channels import channels
from ..live_hub import Hub, Server, alive, children, environment_of, eventually
from .test_pages import open_app, page_config


def open_kernel(server: Server) -> str:
    return str(page_config(open_app(server, "counter").text)["kernelId"])


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
@pytest.mark.parametrize("channel", ["shell", "control", "stdin", "iopub"])
def test_a_page_cannot_run_code_on_any_channel_in_any_protocol(
    app_server: Server, tmp_path: Path, channel: str, binary: bool
) -> None:
    written = tmp_path / "written"
    with channels(app_server, open_kernel(app_server), below="apps/", binary=binary) as page:
        code = {"code": f"open({str(written)!r}, 'w')", "silent": True}
        for kind in (
            "execute_request",
            "inspect_request",
            "complete_request",
            "history_request",
            "debug_request",
            "shutdown_request",
            "input_reply",
        ):
            page.send(kind, code, channel)
        asked = page.send("kernel_info_request", {})
        assert page.answer_to(asked, "kernel_info_reply")["content"]["status"] == "ok"
    assert not written.exists()


def test_a_page_can_talk_to_its_widgets(app_server: Server) -> None:
    with channels(app_server, open_kernel(app_server), below="apps/") as page:
        asked = page.send("comm_info_request", {"target_name": "jupyter.widget"})
        comms = page.answer_to(asked, "comm_info_reply")["content"]["comms"]
        assert comms
        for comm in comms:
            page.send("comm_msg", {"comm_id": comm, "data": {"method": "custom", "content": {"event": "click"}}})
        while True:
            got = page.receive(20)
            if (
                got["header"]["msg_type"] == "comm_msg"
                and got["content"]["data"].get("state", {}).get("description") == "1"
            ):
                break


def test_app_kernels_hold_no_secret_of_the_server_and_are_its_children(app_server: Server) -> None:
    open_kernel(app_server)
    environments = [environment_of(pid) for pid in children(app_server.pid)]
    assert environments
    for environment in environments:
        assert not [name for name in environment if name.startswith("JUPYTERHUB_") or name == "CANARY_TOKEN"]
        assert environment["JPY_PARENT_PID"] == str(app_server.pid)
        assert environment["DEITA_API"].endswith("/user/me/apps/deita/api/v1")


def test_a_page_that_says_goodbye_ends_its_kernel(app_server: Server) -> None:
    kernel_id = open_kernel(app_server)
    assert app_server.get(f"apps/api/kernels/{kernel_id}").status_code == 200
    assert app_server.post(f"apps/voila/api/shutdown/{kernel_id}").status_code == 204
    assert app_server.get(f"apps/api/kernels/{kernel_id}").status_code == 404


@pytest.fixture
def small(hub: Hub, app_folder: Path) -> Iterator[Server]:
    """A server with few kernels and little patience."""
    yield hub.start(
        "me",
        "small",
        f"--WorkspaceServer.app_folders={app_folder}",
        "--AppKernels.max_kernels=5",
        "--AppKernels.cull_idle_timeout=3",
        "--AppKernels.cull_interval=1",
    )
    hub.stop("me", "small")


def test_beyond_the_limit_a_page_says_so_and_works_again_when_others_are_gone(hub: Hub, app_folder: Path) -> None:
    limit = "--AppKernels.max_kernels=5"  # and patience: no kernel is culled while the pages open one after another
    server = hub.start("me", "full", f"--WorkspaceServer.app_folders={app_folder}", limit)
    opened: list[str] = []

    def refused() -> httpx.Response | None:
        answer = open_app(server, "counter")
        assert len(children(server.pid)) <= 5
        if answer.status_code == 503:
            return answer
        opened.append(str(page_config(answer.text)["kernelId"]))
        return None

    try:
        answer = eventually(refused, "a page too many", seconds=60)
        assert "Too many apps are open" in answer.text
        assert answer.headers["Retry-After"] == "30"
        assert server.post(f"apps/voila/api/shutdown/{opened[0]}").status_code == 204
        eventually(lambda: open_app(server, "counter").status_code == 200, "a free kernel", seconds=60)
    finally:
        hub.stop("me", "full")


def test_a_kernel_that_waits_for_nobody_makes_room_for_a_page(hub: Hub, app_folder: Path) -> None:
    limit = "--AppKernels.max_kernels=3"
    server = hub.start("me", "narrow", f"--WorkspaceServer.app_folders={app_folder}", limit)
    try:
        eventually(lambda: open_app(server, "counter").status_code == 200, "a page")
        eventually(lambda: len(children(server.pid)) == 3, "warm kernels beside its own")
        statuses = [open_app(server, "counter").status_code for _ in range(4)]
        assert statuses.count(200) == 2, "both waited for nobody"
        assert statuses[2:] == [503, 503], "three pages are open"
    finally:
        hub.stop("me", "narrow")


def test_the_kernel_of_a_page_that_is_gone_ends_and_one_that_is_open_stays(small: Server) -> None:
    stays, goes = open_kernel(small), open_kernel(small)
    with channels(small, stays, below="apps/"):
        with channels(small, goes, below="apps/"):
            pass
        eventually(lambda: small.get(f"apps/api/kernels/{goes}").status_code == 404, "the end of the abandoned kernel")
        assert small.get(f"apps/api/kernels/{stays}").status_code == 200


def test_a_warm_kernel_that_was_killed_is_not_handed_out(small: Server) -> None:
    open_app(small, "counter")
    for pid in eventually(lambda: children(small.pid), "a kernel"):
        os.kill(pid, signal.SIGKILL)
        eventually(lambda pid=pid: not alive(pid), "its end")  # type: ignore[misc]
    with channels(small, open_kernel(small), below="apps/") as page:
        asked = page.send("comm_info_request", {"target_name": "jupyter.widget"})
        assert page.answer_to(asked, "comm_info_reply")["content"]["comms"]


async def test_a_kernel_that_starts_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: list[bool] = []

    async def start(self: AppKernelsBase, *, kernel_id: str, env: object, **_options: object) -> str:
        counts.append(self.full)
        self._kernels[kernel_id] = AppKernel(parent=self)  # known before its start has ended, as jupyter_client has it
        counts.append(self.full)
        return kernel_id

    monkeypatch.setattr(KernelGuard, "_async_start_kernel", start)
    kernels = AppKernelsBase(max_kernels=2)
    await kernels.start_kernel()
    assert counts == [False, False]
    await kernels.start_kernel()
    assert kernels.full
    with pytest.raises(HTTPError, match="503"):
        await kernels.start_kernel()
