"""The engine process: takes operations from the server's socket, runs each in a thread, says how it goes.

A thread per operation and not a pool: DuckDB works in threads of its own, an operation's thread mostly waits, and a
cancelled one can be told apart from all others. Queries wait for one of `max_running` slots; the other operations are
short.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from typing import Any

import duckdb

from . import tracing, wire
from .operations import Operation, Operations

log = logging.getLogger("deita_engine")
VERSION = f"DuckDB {duckdb.__version__}"


class Process:
    """The child's main loop."""

    def __init__(self, connection: socket.socket, options: dict[str, Any], confined: tuple[str, ...]) -> None:
        self.connection, self.confined = connection, confined
        self._stream = connection.makefile("rb")
        first = _read(self._stream) if options["access"] else None
        self.operations = Operations(options, first["args"] if first else {})
        self.running: dict[int, Operation] = {}
        self._send_lock = threading.Lock()
        self._notes = options["log_format"] == "json"

    def serve(self) -> None:
        """Answer until the server closes the socket."""
        extensions = self.operations.reader.extensions
        about = {"version": VERSION, "extensions": extensions, "confined": self.confined}
        self.send({"event": "ready", "pid": os.getpid(), **about})
        while message := _read(self._stream):
            self._take(message)

    def send(self, message: wire.Message, attachment: bytes = b"") -> None:
        """Send one frame; a server that is gone ends the process by the closed socket, not here."""
        frame = wire.encode(message, attachment)
        with self._send_lock, contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.connection.sendall(frame)

    def _take(self, message: wire.Message) -> None:
        if message["op"] == "interrupt":
            operation = self.running.get(message["target"])
            if operation:
                operation.interrupt()
            return
        if message["op"] == "access":
            self.operations.take_access(**message["args"])
            return
        operation = Operation(message["id"], message["op"], message.get("args", {}), self.send)
        self.running[operation.id] = operation
        threading.Thread(target=self._run, args=(operation, message.get("trace")), daemon=True).start()

    def _run(self, operation: Operation, trace: dict[str, str] | None) -> None:
        """Run the operation, in a thread of its own, for the request that the server handles."""
        tracing.begin(tracing.trace_of(trace) if trace else None)
        began = time.perf_counter()
        try:
            self.operations.run(operation)
        finally:
            del self.running[operation.id]
            if self._notes:
                fields = {"operation": operation.name, "ms": round((time.perf_counter() - began) * 1000, 1)}
                log.info("%s took %s ms", operation.name, fields["ms"], extra={"fields": fields})


def _read(stream: Any) -> wire.Message | None:
    prefix = stream.read(wire.LENGTHS.size)
    if len(prefix) < wire.LENGTHS.size:
        return None
    head, attachment = wire.lengths(prefix)
    message = wire.decode(stream.read(head))
    stream.read(attachment)
    return message


def main(descriptor: int, options: dict[str, Any], confined: tuple[str, ...]) -> None:
    """Serve the socket; returns never, so that no thread can hold the process back."""
    with socket.socket(fileno=descriptor) as connection:
        Process(connection, options, confined).serve()
    os._exit(0)
