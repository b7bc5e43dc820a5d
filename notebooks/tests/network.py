"""A network that a test can cut: a SOCKS 5 proxy (RFC 1928) for a browser."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

GRANTED = b"\x05\x00\x00\x01" + bytes(6)


class Network:
    """Passes connections on to this machine; while it is cut, none lives and none comes about."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.proxy = {"server": f"socks5://127.0.0.1:{self._listener.getsockname()[1]}", "bypass": "<-loopback>"}
        self._ends: set[socket.socket] = set()
        self._is_cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._is_cut = True
        for end in list(self._ends):
            _break(end)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self.cut()
        _break(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near:
            _exactly(near, _exactly(near, 2)[1])
            near.sendall(b"\x05\x00")
            kind = _exactly(near, 4)[3]
            _exactly(near, 4 if kind == 1 else _exactly(near, 1)[0])
            port = int.from_bytes(_exactly(near, 2), "big")
            with socket.create_connection(("127.0.0.1", port)) as far:
                self._ends |= {near, far}
                if self._is_cut:
                    return
                near.sendall(GRANTED)
                back = threading.Thread(target=_pump, args=(far, near), daemon=True)
                back.start()
                _pump(near, far)
                back.join()
                self._ends -= {near, far}


def _exactly(source: socket.socket, count: int) -> bytes:
    block = source.recv(count, socket.MSG_WAITALL)
    if len(block) < count:
        raise ConnectionError("the other side is gone")
    return block


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # one of the ends is gone
        while block := source.recv(65536):
            sink.sendall(block)
    _break(sink)
    _break(source)


def _break(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it is closed already
        end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def network() -> Iterator[Network]:
    made = Network()
    try:
        yield made
    finally:
        made.close()
