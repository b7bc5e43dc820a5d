"""A growing file is sent to its very end, whenever that comes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from deita_engine.runs import Stream
from deita_server.services.queries.streaming import send_stream
from tornado.httpclient import AsyncHTTPClient
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler


class Before(Executor):
    """Does something on the event loop before each piece of work is handed to a thread."""

    def __init__(self, act: Callable[[Any], None]) -> None:
        self.act, self.threads = act, ThreadPoolExecutor(1)

    def submit(self, work: Any, /, *words: Any, **more: Any) -> Future[Any]:
        self.act(work)
        return self.threads.submit(work, *words, **more)


async def sent(stream: Stream, act: Callable[[Any], None]) -> bytes:
    """What arrives at a client of a server that sends the stream."""
    threads = Before(act)

    class Sending(RequestHandler):
        request_id, log = "1", logging.getLogger("sending")

        async def get(self) -> None:
            await send_stream(self, stream, threads)  # type: ignore[arg-type]  # all that it needs of a handler

    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/", Sending)]))
    server.add_socket(socket)
    try:
        answer = await asyncio.wait_for(AsyncHTTPClient(force_instance=True).fetch(f"http://127.0.0.1:{port}/"), 10)
    finally:
        server.stop()
        await server.close_all_connections()
        threads.threads.shutdown()
    return answer.body


@pytest.mark.parametrize("name", ["open", "pread"])
async def test_a_stream_that_ends_while_it_is_being_opened_or_read_is_sent_whole(name: str, tmp_path: Path) -> None:
    path = tmp_path / "result.arrow"
    path.write_bytes(b"some rows")
    stream = Stream(path)
    stream.grow(9)

    def end(work: Any) -> None:
        if work.__name__ == name and not stream.done:
            path.write_bytes(b"some rows and the end")
            stream.finish(21)

    assert await sent(stream, end) == b"some rows and the end"
