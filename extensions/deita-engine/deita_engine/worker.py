"""One engine process and everything under way in it: started when needed, asked, watched, ended.

The statement timer and the kill live here and not in the process, because they must work when the process does not.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Coroutine
from typing import Any

from . import tracing, wire
from .access import Access, Issued, keep_given
from .child import Child
from .config import EngineConfig
from .repeats import Repeats, explained
from .runs import Run, Stream
from .shapes import EngineError
from .timers import Timers


class Worker:
    """A process of one role (`read` or `write`). All methods belong to one event loop."""

    def __init__(self, config: EngineConfig, role: str, access: Access) -> None:
        self.config, self.role, self._access = config, role, access
        self.child: Child | None = None
        self.version = ""
        self.extensions: dict[str, str] = {}
        self.confined: list[str] = []
        self.restarts = -1
        self.runs: dict[int, Run] = {}
        self._starting = asyncio.Lock()
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[tuple[wire.Message, bytes]]] = {}
        self._streams: dict[int, Stream] = {}
        self._repeats = Repeats()
        self._stopped = False
        self._timers = Timers(self._time_out)
        self._listening: asyncio.Task[None] | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, name: str, run: Run, args: wire.Message, timeout_ms: int | None, *, repeatable: bool = False
    ) -> None:
        """Start a run; returns once it is accepted, raises EngineError when it is refused.

        The statement timer runs here, too: DuckDB computes what is constant in a statement while it looks at it.
        """
        number = next(self._ids)

        def begin() -> None:
            self.runs[number] = run
            if repeatable:
                self._repeats.remember(number, args)
            self._timers.arm(number, timeout_ms)

        begin()
        try:
            await self._ready()  # the start of a process is not the statement's time
            async with asyncio.timeout(timeout_ms / 1000 if timeout_ms else None):
                message, _ = await self._exchange(number, name, args)
        except TimeoutError:
            self._timers.run_out(number)
            await run.wait()
            if run.error:
                raise run.error from None
            return
        except asyncio.CancelledError:
            run.state = "cancelling"
            await asyncio.shield(self.later(self._interrupt(number, run)))
            raise
        except EngineError:
            self._forget(number)
            raise
        if message["event"] == "failed":
            error = wire.error_of(message["error"])
            if error.code != "out_of_memory" or not repeatable or not self._computing(number):
                raise error
            begin()  # there was not even memory to look at it: as if it had been accepted, it waits for its second try
            self._repeats.computes(number, self._computing(number))
            self._fail(number, run, error)

    def _computing(self, beside: int) -> list[int]:
        """The runs that compute beside one."""
        return [number for number, run in self.runs.items() if run.state == "running" and number != beside]

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
        self._stopped = True
        if child:
            await child.kill()
        if listening:
            await listening
        self._stopped = False
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _exchange(self, number: int, name: str, args: wire.Message) -> tuple[wire.Message, bytes]:
        """Send an operation and wait for its first answer; once more to a new process if the reading one was lost."""
        try:
            return await self._send(number, name, args)
        except EngineError as error:
            stream = self._streams.get(number)
            if error.code != "engine_lost" or self.role != "read" or self._stopped or (stream and stream.size):
                raise
        return await self._send(number, name, args)

    async def _send(self, number: int, name: str, args: wire.Message) -> tuple[wire.Message, bytes]:
        child = await self._ready()
        self._repeats.begins_with(number, child.given)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        try:
            child.send({"id": number, "op": name, "args": args, "trace": tracing.headers()})
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
        if event == "failed" and not refused:
            self._fail(number, run, wire.error_of(message["error"]))
            return
        if event != "failed":
            run.take(message, attachment)
        if event == "running":
            self._repeats.computes(number, self._computing(number))
            self._timers.start(number)
        if event in ("done", "failed"):
            self._forget(number)

    def _fail(self, number: int, run: Run, error: EngineError) -> None:
        """Let a run try again if it may, otherwise end it."""
        args = None
        if not self._stopped and not self._timers.is_out(number):
            args = self._repeats.next_try(number, run, error, self.child.given if self.child else None)
        if args is None:
            self._end(number, run, error)
        else:
            run.begin_again()
            self.later(self._repeat(number, run, args))

    async def _repeat(self, number: int, run: Run, args: wire.Message) -> None:
        try:
            child = await self._ready()
        except EngineError as error:
            self._end(number, run, error)
            return
        if run.state == "cancelling" or self._timers.is_out(number):
            self._end(number, run, _lost())
        else:
            child.send({"id": number, "op": "query", "args": args})

    def _end(self, number: int, run: Run, error: EngineError) -> None:
        again, timed_out = self._repeats.forget(number), self._timers.is_out(number)
        self._forget(number)
        if error.code == "engine_lost":
            run.result.path.unlink(missing_ok=True)
        if timed_out:
            message = "The query took longer than it may."
            run.end("failed", EngineError("query_timeout", message, "Narrow it down or allow it more time."))
        elif run.state == "cancelling":
            run.end("cancelled", EngineError("query_cancelled", "The query was cancelled."))
        else:
            run.end("failed", explained(error, self.config.second_memory_bytes) if again else error)

    def _forget(self, number: int) -> None:
        self.runs.pop(number, None)
        self._repeats.forget(number)
        self._timers.forget(number)
        self._watch_idle()

    def _time_out(self, number: int) -> None:
        run = self.runs.get(number)
        if run:
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
            access = await self._access()
            child = self.child or await self._launch(access)
            child.give(access)
            return child

    async def _launch(self, access: Issued) -> Child:
        for folder in (self.config.storage, self.config.spool):
            folder.mkdir(parents=True, exist_ok=True)
        log = self.config.spool / f"engine-{self.role}.log"
        child = await Child.start(self.config.options(self.role, access), log)
        child.give(access)
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
        self.version, self.extensions, self.confined = message["version"], message["extensions"], message["confined"]
        self.child, self._listening = child, listening
        if access:
            self.later(keep_given(self._access, child.give, lambda: self.child is child))
        self.restarts += 1
        return child

    async def _listen(self, child: Child, receive: Any, ready: asyncio.Future[wire.Message]) -> None:
        await child.listen(receive)
        if not ready.done():
            ready.set_exception(_lost())
        if self.child is child:
            self.child = None
        waiting = {number: reply for number, reply in self._replies.items() if not reply.done()}
        for reply in waiting.values():
            reply.set_exception(_lost())
        for number, run in reversed(list(self.runs.items())):  # what computed longest tries again last
            if number not in waiting:
                self._fail(number, run, _lost())

    def _watch_idle(self) -> None:
        if self._idle:
            self._idle.cancel()
            self._idle = None
        if self.child and not self.runs and not self._replies:
            self._idle = asyncio.get_running_loop().call_later(self.config.idle_stop_s, self._stop_idle)

    def _stop_idle(self) -> None:
        if self.child and not self.runs and not self._replies:
            self.later(_kill(self.child))

    def later(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a coroutine on the side; `stop` ends it."""
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _kill(child: Child) -> None:
    await child.kill()


def _lost() -> EngineError:
    message = "The engine stopped while it was working on this."
    return EngineError("engine_lost", message, "Try again; a new engine starts by itself.")
