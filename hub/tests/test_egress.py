"""The way out: what the proxy connects to, tried with real connections."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from deita_hub import egress_rules, isolation, settings
from deita_hub.egress import HEAD_BYTES, Proxy, serve
from deita_hub.settings import SettingsError


class Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of something to reach at 127.0.0.1."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Hello) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


async def said(folder: Path, allowed: str, request: bytes) -> bytes:
    """What a proxy with these rules answers, and what comes after it."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / "door"))
    door.listen()
    running = asyncio.create_task(serve(Proxy(egress_rules.rules(allowed)), [door]))
    reader, writer = await asyncio.open_unix_connection(str(folder / "door"))
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def connect(address: str) -> bytes:
    return f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\nGET / HTTP/1.0\r\n\r\n".encode()


async def test_what_is_named_is_reached(tmp_path: Path, port: int) -> None:
    answer = await said(tmp_path, f"packages.example.org:443, 127.0.0.1:{port}", connect(f"127.0.0.1:{port}"))
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\n")
    assert answer.endswith(b"hello")


@pytest.mark.parametrize(
    ("allowed", "address", "status"),
    [
        ("packages.example.org:443", "example.org:443", 403),
        ("packages.example.org:443", "packages.example.org:80", 403),
        ("*.packages.example.org:443", "evilpackages.example.org:443", 403),
        ("*.packages.example.org:443", "packages.example.org:443", 403),
        ("169.254.169.254:80", "169.254.169.254:80", 403),
        ("localhost:{port}", "localhost:{port}", 403),
        ("0.0.0.0:{port}", "0.0.0.0:{port}", 403),
        ("nowhere.invalid:443", "NOWHERE.invalid:443", 502),
        ("127.0.0.1:1", "127.0.0.1:1", 502),
    ],
)
async def test_everything_else_is_refused(tmp_path: Path, port: int, allowed: str, address: str, status: int) -> None:
    answer = await said(tmp_path, allowed.format(port=port), connect(address.format(port=port)))
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"hello" not in answer


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET http://127.0.0.1/ HTTP/1.1\r\n\r\n", 405),
        (b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", 405),
        (b"CONNECT a:443@b:443 HTTP/1.1\r\n\r\n", 405),
        (b"CONNECT " + b"a" * HEAD_BYTES * 4, 400),
    ],
    ids=["GET", "IPv6", "two addresses", "endless"],
)
async def test_what_is_no_request_is_refused(tmp_path: Path, request_: bytes, status: int) -> None:
    assert (await said(tmp_path, "packages.example.org:443", request_)).startswith(f"HTTP/1.1 {status} ".encode())


WRONG = (
    "packages.example.org",
    "packages.example.org:https",
    "https://packages.example.org:443",
    "*:443",
    "packages.example.org:0",
    "[::1]:1",
)


@pytest.mark.parametrize("value", WRONG)
def test_a_rule_that_cannot_be_meant_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="DEITA_EGRESS_ALLOW must be"):
        settings.load({"DEITA_EGRESS_ALLOW": value})


def test_it_is_for_servers_without_a_network() -> None:
    with pytest.raises(SettingsError, match="DEITA_EGRESS_ALLOW is for servers without a network"):
        isolation.resolve(settings.load({"DEITA_EGRESS_ALLOW": "packages.example.org:443"}))


def test_children_read_the_same() -> None:
    found = settings.load(
        {"DEITA_EGRESS_ALLOW": "Packages.example.org:443,*.files.example.org:443", "DEITA_EGRESS_PORT": "8123"}
    )
    again = settings.load(found.environment())
    assert again.egress == found.egress == egress_rules.rules("packages.example.org:443, *.files.example.org:443")
    assert again.egress_url_for_servers == "http://127.0.0.1:8123"
