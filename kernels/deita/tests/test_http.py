"""The transport against sockets that break, as networks and proxies do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from deita import DeitaError, ServerUnavailable
from deita.http import Transport, path_of

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 8\r\n\r\n{"a": 1}'
BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 0\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
AWAY = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A socket that gives one answer to each connection, in order; yields its URL and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            for answer in answers:
                connection, _ = listening.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", asked
        thread.join(5)


def code_of(call: Callable[[], object]) -> str:
    with pytest.raises(DeitaError) as caught:
        call()
    return caught.value.code


def test_reading_is_tried_again_after_a_broken_connection_and_a_503() -> None:
    with answering(b"", BUSY, OK) as (url, asked):
        assert Transport(url, "t").get("tables") == {"a": 1}
        assert len(asked) == 3 and b"Authorization: Bearer t" in asked[0]


def test_an_effect_is_never_asked_for_twice() -> None:
    with answering(b"") as (url, asked):
        assert code_of(lambda: Transport(url, "t").send("POST", "imports", json_body={})) == "server_unreachable"
        assert len(asked) == 1


def test_trying_again_has_an_end() -> None:
    with answering(*[BUSY] * 5) as (url, asked):
        assert code_of(lambda: Transport(url, "t").get("tables")) == "unexpected_answer"
        assert len(asked) == 5


def test_a_redirect_is_not_followed_with_the_token() -> None:
    with answering(AWAY) as (url, _):
        assert code_of(lambda: Transport(url, "t").get("tables")) == "unexpected_answer"


def test_nobody_there_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerUnavailable, match="open the workspace again"):
        Transport(f"http://127.0.0.1:{port}", "t").send("GET", "tables", patience_s=1)


def test_a_name_with_a_slash_stays_one_segment() -> None:
    assert path_of("files", "a/b c.csv") == "files/a%2Fb%20c.csv"


def test_the_token_is_not_in_the_repr() -> None:
    assert "s3cret" not in repr(Transport("http://x", "s3cret"))
