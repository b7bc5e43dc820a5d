"""A TCP proxy before a server that can be told to fail: refuse requests, cut answers, break every connection."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

REFUSAL = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
NO_SUCH_KEY_BODY = b"<Error><Code>InvalidAccessKeyId</Code></Error>"
NO_SUCH_KEY = b"HTTP/1.1 403 Forbidden\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
    len(NO_SUCH_KEY_BODY),
    NO_SUCH_KEY_BODY,
)
LAKES_COMMIT = re.compile(rb"INSERT INTO [^;]*ducklake_snapshot_changes")
BLOCK = 65536
SECONDS = 30
SLOW_S = 0.5


class FaultProxy:
    """Passes bytes on as they are, so that signatures hold: `endpoint` stands for the server behind it.

    `refusals` requests are answered 503, `cuts` connections are closed in the middle of an answer, `slowness` answers
    come `SLOW_S` late, who signs with one of the `ended` keys is told that there is no such key. Of `lost_commits`
    transactions of DuckLake the COMMIT arrives and its answer does not.
    """

    def __init__(self, endpoint: str) -> None:
        behind = urlsplit(endpoint)
        self._behind = (str(behind.hostname), int(behind.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.refusals = self.cuts = self.slowness = self.lost_commits = self.requests = 0
        self.ended: list[str] = []
        self._lock = threading.Lock()
        self._live: set[socket.socket] = set()
        self._unheard: set[socket.socket] = set()
        self._is_severed = False
        self._passing, self._held = threading.Event(), threading.Event()
        self._passing.set()
        self._hold_at: int | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    @contextlib.contextmanager
    def severed(self) -> Iterator[None]:
        """Every connection breaks, and none can be made."""
        self._is_severed = True
        for connection in list(self._live):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        try:
            yield
        finally:
            self._is_severed = False

    @contextlib.contextmanager
    def holding(self, number: int) -> Iterator[threading.Event]:
        """Let no answer through from the request with this number on, counted from now, until the end of the context;
        the event tells that it came.
        """
        self._hold_at = self.requests + number
        try:
            yield self._held
        finally:
            self._hold_at = None
            self._held.clear()
            self._passing.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_severed:
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(self._behind, SECONDS) as server,
            self._known(client, server),
        ):
            server.settimeout(None)
            answers = threading.Thread(target=self._answer, args=(server, client), daemon=True)
            answers.start()
            writes = False
            while block := client.recv(BLOCK):
                writes = writes or bool(LAKES_COMMIT.search(block))
                if writes and b"COMMIT" in block:
                    writes = False
                    if self._takes("lost_commits"):
                        self._unheard.add(server)
                if _begins_request(block):
                    self._count()
                    if self._takes("refusals"):
                        client.sendall(REFUSAL)
                        return
                    if any(key.encode() in block for key in self.ended):
                        client.sendall(NO_SUCH_KEY)
                        return
                server.sendall(block)
            server.shutdown(socket.SHUT_WR)
            answers.join(SECONDS)

    def _count(self) -> None:
        with self._lock:
            self.requests += 1
            if self.requests == self._hold_at:
                self._passing.clear()
                self._held.set()

    @contextlib.contextmanager
    def _known(self, *connections: socket.socket) -> Iterator[None]:
        self._live.update(connections)
        try:
            yield
        finally:
            self._live.difference_update(connections)
            for connection in connections:  # closing alone tells the other end nothing while a thread still reads
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            try:
                self._pass_answers(server, client)
            finally:  # the end is passed on, however it came
                client.shutdown(socket.SHUT_RDWR)

    def _pass_answers(self, server: socket.socket, client: socket.socket) -> None:
        while block := server.recv(BLOCK):
            if server in self._unheard:
                self._unheard.remove(server)
                return
            if self._takes("cuts"):
                client.sendall(block[: len(block) // 2])
                return
            self._passing.wait(SECONDS)
            if self._takes("slowness"):
                threading.Event().wait(SLOW_S)
            client.sendall(block)

    def _takes(self, fault: str) -> bool:
        with self._lock:
            left: int = getattr(self, fault)
            setattr(self, fault, max(left - 1, 0))
            return left > 0


def _begins_request(block: bytes) -> bool:
    return block.split(b" ", 1)[0] in (b"GET", b"HEAD", b"PUT", b"POST", b"DELETE")


@contextlib.contextmanager
def faults_before(endpoint: str) -> Iterator[FaultProxy]:
    """A proxy that is there until the end of the context."""
    proxy = FaultProxy(endpoint)
    try:
        yield proxy
    finally:
        proxy.close()
