from __future__ import annotations

import hashlib
import resource
import socket
from pathlib import Path

import pytest

from ...workspace_server import BASE, TOKEN, RunningServer
from .tus_requests import VERSION, begin, bytes_of, code, offset, patch

MB = 2**20


def block(number: int) -> bytes:
    """A megabyte that differs from every other."""
    return hashlib.sha256(str(number).encode()).digest() * (MB // 32)


class HalfPatch:
    """A PATCH whose body never ends, as a sender on a bad line would leave it."""

    def __init__(self, server: RunningServer, upload: str, begin: int, length: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port))
        lines = (
            f"PATCH {BASE}{upload} HTTP/1.1",
            "Host: localhost",
            f"Authorization: Bearer {TOKEN}",
            "Tus-Resumable: 1.0.0",
            "Content-Type: application/offset+octet-stream",
            f"Upload-Offset: {begin}",
            f"Content-Length: {length}",
        )
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def __enter__(self) -> socket.socket:
        return self.socket

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def size_on_disk(server: RunningServer, upload: str) -> int:
    return bytes_of(server, upload).stat().st_size


@pytest.mark.backends
def test_what_came_before_the_connection_closed_is_kept(workspace: RunningServer):
    content = block(1) + block(2) + block(3)
    upload = begin(workspace, "closed.bin", len(content))
    with HalfPatch(workspace, upload, 0, len(content)) as line:
        line.sendall(content[: 2 * MB + 17])
        workspace.wait_until(lambda: size_on_disk(workspace, upload) >= MB)
    assert workspace.wait_until(lambda: workspace.api.get(upload).json()["offset"]) == 2 * MB + 17
    assert patch(workspace, upload, 2 * MB + 17, content[2 * MB + 17 :]).status_code == 204
    assert workspace.api.get("/files/closed.bin/meta").json()["sha256"] == hashlib.sha256(content).hexdigest()


def test_bytes_with_a_checksum_are_not_kept_when_the_connection_closes(workspace: RunningServer):
    upload = begin(workspace, "unchecked.bin", 2 * MB)
    with socket.create_connection(("127.0.0.1", workspace.port)) as line:
        head = f"PATCH {BASE}{upload} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += "Tus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
        head += f"Upload-Checksum: sha1 AAAA\r\nContent-Length: {2 * MB}\r\n\r\n"
        line.sendall(head.encode() + block(1) + b"x")
        workspace.wait_until(lambda: size_on_disk(workspace, upload) >= MB)
    assert offset(workspace, upload) == 0
    assert patch(workspace, upload, 0, block(1) + block(2)).status_code == 204


def test_one_request_at_a_time_adds_bytes_and_who_asks_where_to_go_on_ends_it(workspace: RunningServer):
    content = block(1) + block(2)
    upload = begin(workspace, "taken-over.bin", len(content))
    with HalfPatch(workspace, upload, 0, len(content)) as line:
        line.sendall(content[: MB + 5])
        workspace.wait_until(lambda: size_on_disk(workspace, upload) >= MB)
        locked = patch(workspace, upload, 0, b"x")
        assert code(locked) == (423, "upload_locked")
        assert "Retry-After" in locked.headers
        assert workspace.api.get(upload).json()["offset"] == 0
        assert offset(workspace, upload) == MB + 5
        assert line.recv(100) == b""
    assert patch(workspace, upload, MB + 5, content[MB + 5 :]).status_code == 204
    assert workspace.api.get("/files/taken-over.bin").content == content


def test_cancelling_ends_the_request_that_adds_bytes(workspace: RunningServer):
    upload = begin(workspace, "cancelled-under-way.bin", 2 * MB)
    with HalfPatch(workspace, upload, 0, 2 * MB) as line:
        line.sendall(block(1) + b"x")
        workspace.wait_until(lambda: size_on_disk(workspace, upload) >= MB)
        assert workspace.api.delete(upload, headers=VERSION).status_code == 204
        assert line.recv(100) == b""
    assert not bytes_of(workspace, upload).exists()


@pytest.mark.backends
def test_a_killed_server_goes_on_from_the_last_safe_byte(start_server):
    server = start_server()
    blocks = [block(number) for number in range(100)]
    digest = hashlib.sha256(b"".join(blocks)).hexdigest()
    upload = begin(server, "killed.bin", 100 * MB, sha256=digest)
    assert patch(server, upload, 0, b"".join(blocks[:3])).status_code == 204
    with HalfPatch(server, upload, 3 * MB, 97 * MB) as line:
        for each in blocks[3:80]:
            line.sendall(each)
        acknowledged = server.wait_until(
            lambda: (at := server.api.get(upload).json()["offset"]) > 3 * MB and at
        )  # a checkpoint
        server.kill()
    server.start()
    assert offset(server, upload) == acknowledged
    assert acknowledged >= 64 * MB
    rest = b"".join(blocks)[acknowledged:]
    last = patch(server, upload, acknowledged, rest)
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(100 * MB))
    assert server.api.get("/files/killed.bin/meta").json()["sha256"] == digest


def test_a_server_killed_again_and_again_loses_no_acknowledged_byte(start_server):
    server = start_server()
    content = b"".join(block(number) for number in range(6))
    upload = begin(server, "often.bin", len(content))
    for number in range(5):
        at = offset(server, upload)
        assert at == number * MB
        assert patch(server, upload, at, content[at : at + MB]).status_code == 204
        server.kill()
        server.start()
    assert patch(server, upload, 5 * MB, content[5 * MB :]).status_code == 204
    assert server.api.get("/files/often.bin/meta").json()["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.backends
def test_a_full_disk_is_a_507_and_the_upload_goes_on_when_there_is_room(start_server):
    server = start_server()
    content = b"".join(block(number) for number in range(8))
    upload = begin(server, "full.bin", len(content))
    assert patch(server, upload, 0, content[: 2 * MB]).status_code == 204
    soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4 * MB, hard))
    assert code(patch(server, upload, 2 * MB, content[2 * MB :])) == (507, "no_space")
    at = offset(server, upload)
    assert 2 * MB <= at <= 4 * MB
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
    assert patch(server, upload, at, content[at:]).status_code == 204
    assert server.api.get("/files/full.bin/meta").json()["sha256"] == hashlib.sha256(content).hexdigest()
    assert not bytes_of(server, upload).exists()


def test_a_large_upload_is_not_held_in_memory(workspace: RunningServer):
    def peak() -> int:
        status = Path(f"/proc/{workspace.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    patch(workspace, begin(workspace, "warm-upload.bin", 1), 0, b"x")
    before, digest = peak(), hashlib.sha256()

    def body():
        for number in range(200):
            digest.update(each := block(number))
            yield each

    upload = begin(workspace, "large-upload.bin", 200 * MB)
    assert patch(workspace, upload, 0, body()).status_code == 204
    assert workspace.api.get("/files/large-upload.bin/meta").json()["sha256"] == digest.hexdigest()
    assert peak() - before < 30 * MB
