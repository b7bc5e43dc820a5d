"""The apps' kernels: widget messages only, one warm kernel per app, a limit, and an early end when the page is gone.

Voila's pool does the warming. This adds what it lacks: a kernel that ended or failed while it waited is not handed
out, the number of kernels is bounded, and what is kept per kernel goes with the kernel.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_server._tz import utcnow
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado import web
from traitlets import Bool, Integer, List, Unicode, default
from voila.request_info_handler import RequestInfoSocketHandler
from voila.voila_kernel_manager import voila_kernel_manager_factory

from deita_server.kernels.manager import KernelGuard, WorkspaceKernel

from .files import page_config

CONFINED = (sys.executable, "-P", "-m", "deita_server.kernels.confined")
WIDGET_MESSAGES = ["comm_open", "comm_close", "comm_msg", "comm_info_request", "kernel_info_request"]


@dataclass(eq=False)
class Page:
    """A page that is being made, for whom, and the kernels behind it."""

    person: str
    kernels: set[str] = field(default_factory=set)


class AppKernel(WorkspaceKernel):
    """A kernel behind a page. It is not started again when it ends: a fresh kernel would know nothing of the page."""

    own: Path | None = None

    def keep_to(self, folder: Path) -> None:
        """Let the kernel have nothing but this folder (see `kernels.confined`), its sockets included."""
        self.own, self.connection_file = folder, str(folder / "kernel.json")

    def format_kernel_cmd(self, extra_arguments: list[str] | None = None) -> list[str]:
        """Return the kernelspec's command, inside its bounds."""
        command: list[str] = super().format_kernel_cmd(extra_arguments)
        return command if self.own is None else [*CONFINED, str(self.own), *command]

    @default("autorestart")
    def _never_again(self) -> bool:
        return False


class AppKernelsBase(KernelGuard, AsyncMappingKernelManager):
    """Kernels of apps, without the pool."""

    max_kernels = Integer(
        20, help="How many kernels all apps together may have, warm ones included; beyond it pages say so."
    ).tag(config=True)
    max_kernels_per_person = Integer(20, help="How many kernels may be behind the pages of one person.").tag(
        config=True
    )
    cull_idle_timeout = Integer(45, help="Seconds after which the kernel of a page that is gone ends.").tag(config=True)
    cull_interval = Integer(15, help="Seconds between looks for such kernels.").tag(config=True)
    cull_busy = Bool(True, help="Whether a kernel ends while it computes for a page that is gone.").tag(config=True)
    allowed_message_types = List(
        Unicode(), WIDGET_MESSAGES, help="What a page may send to its kernel; everything else is dropped."
    )
    start_folder = Unicode(help="The folder in which apps' kernels start.")
    _rendering: ContextVar[Page | None] = ContextVar("rendering", default=None)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._starting: set[str] = set()
        self._pages: set[Page] = set()

    @default("kernel_manager_class")
    def _default_kernel_manager_class(self) -> str:
        return "deita_server.apps.kernels.AppKernel"

    @property
    def full(self) -> bool:
        """Whether one more kernel would be too many."""
        return len(self._starting.union(self.list_kernel_ids())) >= self.max_kernels

    def cwd_for_path(self, path: str, **_options: Any) -> str:
        """Start every app in the same folder, wherever its notebook lies."""
        return self.start_folder

    async def _async_start_kernel(
        self, *, kernel_id: str | None = None, env: Mapping[str, str] | None = None, **kwargs: Any
    ) -> str:
        """Start a kernel unless there are too many: then 503."""
        if self.full:
            raise web.HTTPError(503, "too many apps")
        kernel_id = kernel_id or self.new_kernel_id()
        self._starting.add(kernel_id)
        try:
            self._use(kernel_id)
            return await super()._async_start_kernel(kernel_id=kernel_id, env=env, **kwargs)
        finally:
            self._starting.discard(kernel_id)

    start_kernel = _async_start_kernel

    def pre_start_kernel(self, *given: Any) -> tuple[AppKernel, str, str]:
        """Keep a kernel to itself where others are another person's."""
        kernel, name, kernel_id = super().pre_start_kernel(*given)
        if self.house.apart:
            kernel.keep_to(self.house.sockets.of(kernel_id))
        return kernel, name, kernel_id

    @contextmanager
    def rendering(self, person: str) -> Iterator[None]:
        """While a person's page is made, its kernel does not count as left alone: no page can be connected yet.

        The kernel is the person's from then on. Raises 503 when they have too many.
        """
        without_kernel = sum(page.person == person and not page.kernels for page in self._pages)
        if self.house.tokens.kernels_of(person) + without_kernel >= self.max_kernels_per_person:
            raise web.HTTPError(503, "too many apps")
        page = Page(person)
        self._pages.add(page)
        mark = self._rendering.set(page)
        try:
            yield
        finally:
            self._rendering.reset(mark)
            self._pages.discard(page)
            for kernel_id in page.kernels:
                if kernel_id in self:
                    self.get_kernel(kernel_id).last_activity = utcnow()

    def _use(self, kernel_id: str) -> None:
        page = self._rendering.get()
        if page is not None:
            page.kernels.add(kernel_id)
            self.house.tokens.claim(kernel_id, page.person)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that nobody looks at, unless its page is just being made."""
        if not any(kernel_id in page.kernels for page in self._pages):
            await super().cull_kernel_if_idle(kernel_id)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel and what its page asked for."""
        RequestInfoSocketHandler._cache.pop(kernel_id, None)
        return super().remove_kernel(kernel_id)


class AppKernels(voila_kernel_manager_factory(AppKernelsBase, True, 1, page_config)):  # type: ignore[misc]
    """Kernels of apps, one of each app warm and waiting for the next page."""

    def _notebook_filter(self, nb_path: Path) -> bool:
        """Warm nothing by itself: `warm` is told the names."""
        return False

    async def _async_start_kernel(self, **options: Any) -> str:
        """Start a kernel. Where there are too many, one that waits for nobody yet makes room for a page."""
        if self.full and self._rendering.get() is not None:
            await self._end_a_waiting_one()
        return str(await super()._async_start_kernel(**options))

    start_kernel = _async_start_kernel

    async def _end_a_waiting_one(self) -> None:
        waiting = [task for tasks in self._pools.values() for task in tasks]
        if not waiting:
            return
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if not task.cancelled() and task.exception() is None and task.result()["kernel_id"] in self:
                await self.shutdown_kernel(task.result()["kernel_id"], now=True)
                return

    def warm(self, path: str) -> None:
        """See to it that a kernel of this app waits, unless that would be too many."""
        self.fill_if_needed(delay=0, notebook_name=path)

    def fill_if_needed(self, delay: float | None = None, notebook_name: str | None = None, **options: Any) -> None:
        """Voila's, within the limit."""
        if self.full:
            return
        mark = self._rendering.set(None)  # what is started here waits for a later page, not for the one being made
        try:
            super().fill_if_needed(delay, notebook_name, **options)
        finally:
            self._rendering.reset(mark)
        for task in self._pools.get(notebook_name, ()):
            task.add_done_callback(self._note_failure)

    def _note_failure(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self.log.warning("A kernel could not be warmed up: %s", error)

    async def prune(self, path: str) -> None:
        """Take kernels that failed or ended out of the pool of an app, so that no page is given one."""
        for task in [task for task in self._pools.get(path, ()) if task.done()]:
            if task.cancelled() or task.exception() is not None:
                self._pools[path].remove(task)
                continue
            kernel_id = task.result()["kernel_id"]
            if kernel_id not in self or not await self.get_kernel(kernel_id).is_alive():
                if task in self._pools[path]:
                    self._pools[path].remove(task)
                if kernel_id in self:
                    self.remove_kernel(kernel_id)

    async def get_rendered_notebook(self, notebook_name: str, **options: Any) -> Any:
        """Hand out a warm kernel; its idle time begins now, not when it was started."""
        rendered = await super().get_rendered_notebook(notebook_name, **options)
        self._use(rendered[2])
        return rendered

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget which app a kernel belonged to, too."""
        for known in self.notebook_data.values():
            known["kernel_ids"].discard(kernel_id)
        return super().remove_kernel(kernel_id)
