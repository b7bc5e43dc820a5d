"""One engine process and everything under way in it: started when needed, asked, watched, ended.

The statement timer and the kill live here and not in the process, because they must work when the process does not.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

from . import wire
from .child import Child
from .config import EngineConfig
from .runs import Run, Stream
from .shapes import EngineError

LOG_BYTES = 1024 * 1024


class Worker:
    """A process of one role (`read` or `write`). All methods belong to one event loop."""

    def __init__(self, config: EngineConfig, role: str) -> None:
        self.config, self.role = config, role
        self.child: Child | None = None
        self.version = ""
        self.restarts = -1
        self.runs: dict[int, Run] = {}
        self._starting = asyncio.Lock()
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[tuple[wire.Message, bytes]]] = {}
        self._streams: dict[int, Stream] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._timeouts: dict[int, int] = {}
        self._timed_out: set[int] = set()
        self._listening: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, name: str, run: Run, args: wire.Message, timeout_ms: int | None) -> None:
        """Start a run; returns once it is accepted, raises EngineError when it is refused."""
        number = next(self._ids)
        self.runs[number] = run
        if timeout_ms:
            self._timeouts[number] = timeout_ms
        try:
            message, _ = await self._exchange(number, name, args)
        except BaseException:  # whatever ended it, what it left goes first
            self._forget(number)
            raise
        if message["event"] == "failed":
            raise wire.error_of(message["error"])

    async def ask(self, name: str, /, stream: Stream | None = None, **args: Any) -> tuple[wire.Message, bytes]:
        """Ask for something short (or for an export, whose growth `stream` is told); raises EngineError."""
        number = next(self._ids)
        if stream:
            self._streams[number] = stream
        try:
            message, attachment = await self._exchange(number, name, args)
        finally:
            self._streams.pop(number, None)
        if message["event"] == "failed":
            raise wire.error_of(message["error"])
        return message, attachment

    async def cancel(self, run: Run) -> None:
        """End a run for real: interrupt it, after the grace time kill the process; returns when it is over."""
        run.state = "cancelling"
        number = next((number for number, other in self.runs.items() if other is run), None)
        if number is not None:
            await self._interrupt(number, run)

    async def stop(self) -> None:
        """End the process; what runs fails with engine_lost."""
        child, listening = self.child, self._listening
        if self._idle:
            self._idle.cancel()
        if child:
            await child.kill()
        if listening:
            await listening
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _exchange(self, number: int, name: str, args: wire.Message) -> tuple[wire.Message, bytes]:
        """Send an operation and wait for its first answer."""
        child = await self._ready()
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        try:
            child.send({"id": number, "op": name, "args": args})
            return await reply
        except asyncio.CancelledError:
            child.send({"op": "interrupt", "target": number})
            raise
        finally:
            self._replies.pop(number, None)
            self._watch_idle()

    def _receive(self, message: wire.Message, attachment: bytes) -> None:
        number, event = message.get("id", 0), message["event"]
        reply = self._replies.get(number)
        if number in self._streams:
            self._streams[number].grow(message.get("size", 0))
        if number in self.runs:
            self._tell(number, self.runs[number], message, attachment, refused=bool(reply and not reply.done()))
        if reply and not reply.done() and event not in ("running", "progress"):
            reply.set_result((message, attachment))

    def _tell(self, number: int, run: Run, message: wire.Message, attachment: bytes, *, refused: bool) -> None:
        event = message["event"]
        if event != "failed":
            run.take(message, attachment)
        elif not refused:
            self._fail(number, run, wire.error_of(message["error"]))
        if event == "running" and number in self._timeouts:
            delay = self._timeouts.pop(number) / 1000
            self._timers[number] = asyncio.get_running_loop().call_later(delay, self._time_out, number)
        if event in ("done", "failed"):
            self._forget(number)

    def _fail(self, number: int, run: Run, error: EngineError) -> None:
        if number in self._timed_out:
            message = "The query took longer than it may."
            run.end("failed", EngineError("query_timeout", message, "Narrow it down or allow it more time."))
        elif run.state == "cancelling":
            run.end("cancelled", EngineError("query_cancelled", "The query was cancelled."))
        else:
            run.end("failed", error)

    def _forget(self, number: int) -> None:
        self.runs.pop(number, None)
        self._timeouts.pop(number, None)
        self._timed_out.discard(number)
        timer = self._timers.pop(number, None)
        if timer:
            timer.cancel()
        self._watch_idle()

    def _time_out(self, number: int) -> None:
        run = self.runs.get(number)
        if run:
            self._timed_out.add(number)
            self.later(self._interrupt(number, run))

    async def _interrupt(self, number: int, run: Run) -> None:
        child = self.child
        if child:
            child.send({"op": "interrupt", "target": number})
            if not await run.wait(self.config.cancel_grace_s):
                await child.kill()
        await run.wait()

    async def _ready(self) -> Child:
        async with self._starting:
            return self.child or await self._launch()

    async def _launch(self) -> Child:
        for folder in (self.config.storage, self.config.spool):
            folder.mkdir(parents=True, exist_ok=True)
        with (self.config.spool / f"engine-{self.role}.log").open("ab") as log:
            if log.tell() > LOG_BYTES:
                log.truncate(0)
            child = await Child.start(self.config.options(self.role), log)
        ready: asyncio.Future[wire.Message] = asyncio.get_running_loop().create_future()

        def receive(message: wire.Message, attachment: bytes) -> None:
            if message["event"] == "ready" and not ready.done():
                ready.set_result(message)
            else:
                self._receive(message, attachment)

        listening = asyncio.get_running_loop().create_task(self._listen(child, receive, ready))
        try:
            message = await ready
        except asyncio.CancelledError:
            await child.kill()
            raise
        self.version, self.child, self._listening = message["version"], child, listening
        self.restarts += 1
        return child

    async def _listen(self, child: Child, receive: Any, ready: asyncio.Future[wire.Message]) -> None:
        await child.listen(receive)
        if not ready.done():
            ready.set_exception(_lost())
        if self.child is child:
            self.child = None
        for reply in self._replies.values():
            if not reply.done():
                reply.set_exception(_lost())
        for number, run in list(self.runs.items()):
            self._fail(number, run, _lost())
            run.result.path.unlink(missing_ok=True)
            self._forget(number)

    def _watch_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self.child and not self.runs and not self._replies:
            self._idle = asyncio.get_running_loop().call_later(self.config.idle_stop_s, self._stop_idle)

    def _stop_idle(self) -> None:
        if self.child and not self.runs and not self._replies:
            self.later(_kill(self.child))

    def later(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine on the side; `stop` ends it."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _kill(child: Child) -> None:
    await child.kill()


def _lost() -> EngineError:
    message = "The engine stopped while it was working on this."
    return EngineError("engine_lost", message, "Try again; a new engine starts by itself.")
