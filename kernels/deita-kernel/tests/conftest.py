"""Fixtures of the kernels' tests: real kernels, started by jupyter_client from the installed kernelspecs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from kernels.conftest import DataPlane

SHOWN = ("stream", "error", "display_data", "execute_result")


@dataclass
class Cell:
    """What a cell did: its reply and its outputs."""

    reply: dict[str, Any]
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def status(self) -> str:
        return str(self.reply["status"])

    @property
    def bundles(self) -> list[dict[str, Any]]:
        return [content["data"] for content in self.outputs if "data" in content]

    @property
    def text(self) -> str:
        """Everything that a person reads."""
        parts = []
        for content in self.outputs:
            parts.append(
                content.get("text")
                or "\n".join(content.get("traceback", []))
                or content.get("data", {}).get("text/plain", "")
            )
        return "\n".join(parts)

    @property
    def error(self) -> list[str]:
        return next((list(content["traceback"]) for content in self.outputs if "traceback" in content), [])


@dataclass
class Kernel:
    """A running kernel and a client of it."""

    manager: KernelManager
    client: BlockingKernelClient
    ready_s: float

    def run(self, code: str, timeout: float = 60) -> Cell:
        outputs: list[dict[str, Any]] = []

        def collect(message: dict[str, Any]) -> None:
            if message["msg_type"] in SHOWN:
                outputs.append(message["content"])

        reply = self.client.execute_interactive(code, timeout=timeout, output_hook=collect)
        return Cell(reply["content"], outputs)

    def begin(self, code: str) -> str:
        """Send a cell and do not wait."""
        return str(self.client.execute(code))

    def end(self, message_id: str, timeout: float = 30) -> dict[str, Any]:
        """The reply of a cell that was sent before."""
        return self._reply(message_id, timeout)

    def ask(self, request: Callable[..., str], *arguments: Any) -> dict[str, Any]:
        """Send any other request of the client and wait for its reply."""
        return self._reply(request(*arguments), 30)

    def memory(self) -> int:
        """Private and shared memory that the kernel alone holds, in bytes."""
        assert self.manager.provisioner is not None
        return int(psutil.Process(self.manager.provisioner.process.pid).memory_full_info().uss)

    def _reply(self, message_id: str, timeout: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout
        while True:
            reply = self.client.get_shell_msg(timeout=max(deadline - time.monotonic(), 0.1))
            if reply["parent_header"].get("msg_id") == message_id:
                content: dict[str, Any] = reply["content"]
                return content


Starter = Callable[[str], Kernel]


@contextmanager
def running(name: str, data_plane: DataPlane, folder: str | None = None) -> Iterator[Kernel]:
    """Start a kernel as a workspace server would; from the installed kernelspecs, or those in `folder`."""
    folder = folder or f"{data_plane.environment['JUPYTER_PATH']}/kernels"
    specs = KernelSpecManager(kernel_dirs=[folder])
    manager = KernelManager(kernel_name=name, kernel_spec_manager=specs, transport="ipc")
    manager.connection_file = str(data_plane.storage / f"k{id(manager):x}.json")
    begun = time.monotonic()
    manager.start_kernel(env=data_plane.environment)
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(manager, client, time.monotonic() - begun)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.context.destroy(linger=0)


@pytest.fixture(scope="module")
def sql_kernel(data_plane: DataPlane) -> Iterator[Kernel]:
    with running("deita-sql", data_plane) as kernel:
        yield kernel


@pytest.fixture(scope="module")
def python_kernel(data_plane: DataPlane) -> Iterator[Kernel]:
    with running("python3", data_plane) as kernel:
        yield kernel
