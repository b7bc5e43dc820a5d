"""The engine process: takes operations from the server's socket, runs each in a thread, says how it goes.

A thread per operation and not a pool: DuckDB works in threads of its own, an operation's thread mostly waits, and a
cancelled one can be told apart from all others. Queries wait for one of `max_running` slots; the other operations are
short.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import socket
import sys
import threading
from typing import Any

import duckdb

from . import wire
from .operations import Operation, Operations

PR_SET_PDEATHSIG = 1
VERSION = f"DuckDB {duckdb.__version__}"


class Process:
    """The child's main loop."""

    def __init__(self, connection: socket.socket, options: dict[str, Any]) -> None:
        self.connection = connection
        self.operations = Operations(options)
        self.running: dict[int, Operation] = {}
        self._send_lock = threading.Lock()

    def serve(self) -> None:
        """Answer until the server closes the socket."""
        self.send({"event": "ready", "pid": os.getpid(), "version": VERSION})
        with self.connection.makefile("rb") as stream:
            while message := _read(stream):
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
        operation = Operation(message["id"], message["op"], message.get("args", {}), self.send)
        self.running[operation.id] = operation
        threading.Thread(target=self._run, args=(operation,), daemon=True).start()

    def _run(self, operation: Operation) -> None:
        try:
            self.operations.run(operation)
        finally:
            del self.running[operation.id]


def _read(stream: Any) -> wire.Message | None:
    prefix = stream.read(wire.LENGTHS.size)
    if len(prefix) < wire.LENGTHS.size:
        return None
    head, attachment = wire.lengths(prefix)
    message = wire.decode(stream.read(head))
    stream.read(attachment)
    return message


def main() -> None:
    """Entry of `python -m deita_engine FD OPTIONS`; returns never, so that no thread can hold the process back."""
    _die_with_parent()
    options = json.loads(sys.argv[2])
    if options.get("address_space"):
        resource.setrlimit(resource.RLIMIT_AS, (options["address_space"], options["address_space"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        Process(connection, options).serve()
    os._exit(0)


def _die_with_parent() -> None:
    parent = int(os.environ.get("DEITA_ENGINE_PARENT", "0"))
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:
        os._exit(1)
