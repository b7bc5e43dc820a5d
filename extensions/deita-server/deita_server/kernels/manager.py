"""Kernel managers of a workspace server: each kernel gets its own token, a clean environment and private sockets.

`KernelGuard` is the part that the person's notebooks and the apps have in common; `WorkspaceKernels` is jupyter-
server's kernel manager with it, the apps' manager is in `deita_server.apps.kernels`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from subprocess import DEVNULL
from typing import Any

from jupyter_client.ioloop.manager import AsyncIOLoopKernelManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Integer, default

from .environment import KernelEnvironment
from .ipc import KernelSockets
from .tokens import KernelTokens

WITHOUT_OVERRIDE = ("setpriv", "--bounding-set", "-dac_override")
"""Root that asks for permissions like anybody else (util-linux)."""


@dataclass(frozen=True)
class KernelHouse:
    """What all kernel managers of one server share; `apart` says that kernels are for different people."""

    tokens: KernelTokens
    sockets: KernelSockets
    environment: KernelEnvironment
    apart: bool = False


class WorkspaceKernel(AsyncIOLoopKernelManager):
    """One kernel, listening on unix sockets; it is given a second to end by itself."""

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the command; where root runs Deita without walls, what is read-only stays so for its kernels."""
        command: list[str] = super().format_kernel_cmd(extra_arguments)
        confined = os.geteuid() == 0 and shutil.which(WITHOUT_OVERRIDE[0]) is not None
        return [*WITHOUT_OVERRIDE, *command] if confined else command

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        """Start the process. What it and its programs print is in the notebook; ipykernel repeats it on the standard
        output that it was given, which would be the server's log.
        """
        options.update(stdout=DEVNULL, stderr=DEVNULL)
        await super()._async_launch_kernel(kernel_cmd, **options)

    @default("transport")
    def _unix_sockets(self) -> str:
        return "ipc"

    @default("shutdown_wait_time")
    def _short_wait(self) -> float:
        return 2.0


class KernelGuard:
    """Mixed into a MappingKernelManager. `house` is set by the application before the first kernel starts."""

    house: KernelHouse

    async def _async_start_kernel(
        self, *, kernel_id: str | None = None, env: Mapping[str, str] | None = None, **kwargs: Any
    ) -> str:
        """Start a kernel that holds a token of its own; a start that fails leaves no token behind."""
        kernel_id = kernel_id or self.new_kernel_id(**kwargs)  # type: ignore[attr-defined]
        if kernel_id in self:  # type: ignore[operator]
            return await super()._async_start_kernel(kernel_id=kernel_id, **kwargs)  # type: ignore[misc]
        kwargs["path"] = (
            kwargs.get("path") or ""
        )  # without a path jupyter-server starts it wherever the server was started
        own = self.house.sockets.of(kernel_id) if self.house.apart else None
        if own is not None:
            kwargs.update(path=None, cwd=str(own))
        given, token = os.environ if env is None else env, self.house.tokens.issue(kernel_id)
        kwargs["env"] = self.house.environment.build(given, token, own)
        try:
            return await super()._async_start_kernel(kernel_id=kernel_id, **kwargs)  # type: ignore[misc]
        except BaseException:  # whatever ended it, what it left goes first
            self.house.tokens.revoke(kernel_id)
            raise

    start_kernel = _async_start_kernel

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that ended; its token ends here."""
        self.house.tokens.revoke(kernel_id)
        self.house.sockets.forget(kernel_id)
        return super().remove_kernel(kernel_id)  # type: ignore[misc]


class WorkspaceKernels(KernelGuard, AsyncMappingKernelManager):
    """The person's own kernels."""

    cull_idle_timeout = Integer(
        3600, help="Seconds after which an idle kernel without a connected page ends; 0 never."
    ).tag(config=True)

    @default("kernel_manager_class")
    def _default_kernel_manager_class(self) -> str:
        return "deita_server.kernels.manager.WorkspaceKernel"

    async def _async_start_kernel(self, **kwargs: Any) -> str:
        """Start a kernel; where the files have no names on this machine yet, they get them meanwhile."""
        dataplane = self.parent.web_app.settings["deita_dataplane"]
        if dataplane.settings.mount is not None and not dataplane.settings.names.exists():
            dataplane.in_background(dataplane.storing())
        return await super()._async_start_kernel(**kwargs)

    start_kernel = _async_start_kernel
