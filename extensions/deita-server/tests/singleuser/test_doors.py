"""Requests of a server that has no network go through unix sockets, one a port; its own port is handed in."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from deita_server.singleuser import doors, hub_requests
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_unix_socket
from tornado.web import Application, RequestHandler


class Hello(RequestHandler):
    def get(self) -> None:
        self.write("behind the door")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEITA_DOORS", str(tmp_path))
    return tmp_path


async def test_a_port_of_this_machine_is_reached_through_its_door(folder: Path) -> None:
    server = HTTPServer(Application([("/", Hello)]))
    server.add_socket(bind_unix_socket(str(folder / "8081")))
    try:
        answer = await hub_requests.fetch("http://127.0.0.1:8081/")
    finally:
        server.stop()
    assert await answer.text() == "behind the door"


async def test_a_port_without_a_door_is_not_reached(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        await hub_requests.fetch(f"http://127.0.0.1:{port}/")


def test_what_is_handed_in_listens_and_is_for_this_process_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        descriptor = os.dup(opened.fileno())
        port = opened.getsockname()[1]
    with doors.handed(descriptor) as given, socket.create_connection(("127.0.0.1", port)):
        assert not given.get_inheritable()
        assert given.accept()[0].close() is None
