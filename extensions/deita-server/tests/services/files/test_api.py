from __future__ import annotations

import hashlib
import socket
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from ...workspace_server import BASE, TOKEN, RunningServer

pytestmark = pytest.mark.backends


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def temporary_files(server: RunningServer) -> list[Path]:
    return [
        path
        for path in (server.storage / "incoming").rglob("*")
        if path.is_file() and path.name not in ("lock", ".gate") and path.suffix != ".upload"
    ]


def test_an_uploaded_file_is_described(workspace: RunningServer):
    content = b"a,b\n1,2\n"
    answer = workspace.put("described.csv", content)
    assert answer.status_code == 201
    file = answer.json()
    assert file["name"] == "described.csv"
    assert file["size"] == len(content)
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["media_type"] == "text/csv"
    assert (file["version"], file["created_by"]) == (1, "me")
    assert workspace.api.get("/files/described.csv/meta").json() == file


def test_the_same_bytes_again_are_a_200_and_other_bytes_a_409(workspace: RunningServer):
    workspace.put("same.csv", b"a\n1\n")
    assert workspace.put("same.csv", b"a\n1\n").status_code == 200
    assert code(workspace.put("same.csv", b"a\n2\n")) == (409, "file_exists")
    assert workspace.api.get("/files/same.csv").content == b"a\n1\n"
    assert temporary_files(workspace) == []


def test_replace_makes_a_version_and_keeps_the_old_one(workspace: RunningServer):
    workspace.put("versions.csv", b"one")
    answer = workspace.put("versions.csv", b"two", replace=1)
    assert (answer.status_code, answer.json()["version"]) == (201, 2)
    assert workspace.api.get("/files/versions.csv").content == b"two"
    assert workspace.api.get("/files/versions.csv", params={"version": 1}).content == b"one"
    assert workspace.api.get("/files/versions.csv/meta", params={"version": 1}).json()["version"] == 1
    assert code(workspace.api.get("/files/versions.csv", params={"version": 3})) == (404, "file_not_found")


def test_names_that_differ_only_in_case_are_the_same_name(workspace: RunningServer):
    workspace.put("Straße.csv", b"a\n1\n")
    assert code(workspace.put("STRASSE.csv", b"a\n1\n")) == (409, "file_exists")
    assert code(workspace.put("STRASSE.csv", b"a\n2\n", replace=1)) == (409, "file_exists")
    assert workspace.api.get(f"/files/{quote('STRASSE.csv')}").status_code == 200


@pytest.mark.parametrize(
    "name",
    ["..%2Fsecret.csv", "%2Fetc%2Fpasswd", "a%5Cb.csv", "%2E%2E", ".hidden", "-rf", "NUL.csv", "a%00b", "a%0Ab",
     "x" * 201, "a%E2%80%AEb.csv", "a%E2%80%8Bb", "%20a", "a.", "com1", "folder/a.csv", "a/b/c"],
)  # fmt: skip
def test_a_name_that_could_do_harm_is_refused(workspace: RunningServer, name: str):
    with socket.create_connection(("127.0.0.1", workspace.port)) as raw:  # httpx would tidy the path up
        head = f"PUT {BASE}/files/{name} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        raw.sendall((head + "Content-Length: 4\r\nConnection: close\r\n\r\na\n1\n").encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b'"code": "bad_name"' in answer


def test_a_name_is_kept_in_nfc(workspace: RunningServer):
    assert workspace.put(quote("cafe\u0301.csv"), b"a\n").json()["name"] == "caf\u00e9.csv"


def test_a_list_pages_by_name(start_server):
    server = start_server()
    names = [f"f{number:02}.csv" for number in range(7)]
    for name in reversed(names):
        server.put(name, name.encode())
    found, cursor = [], None
    while True:
        page = server.api.get("/files", params={"limit": 3, **({"cursor": cursor} if cursor else {})}).json()
        found += [file["name"] for file in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == names


def test_a_download_is_an_attachment_that_no_browser_guesses_about(workspace: RunningServer):
    workspace.put("page.html", b"<script>alert(1)</script>")
    answer = workspace.api.get("/files/page.html")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == "25"
    assert workspace.api.head("/files/page.html").headers["Content-Length"] == "25"


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [("bytes=0-3", 0, 4), ("bytes=5-", 5, 10), ("bytes=-4", 6, 10), ("bytes=8-100", 8, 10), ("bytes=-100", 0, 10)],
)
def test_a_range_sends_that_part(workspace: RunningServer, asked: str, begin: int, end: int):
    content = b"0123456789"
    workspace.put("range.bin", content)
    answer = workspace.api.get("/files/range.bin", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, content[begin:end])
    assert answer.headers["Content-Range"] == f"bytes {begin}-{end - 1}/10"


def test_a_range_beyond_the_end_is_a_416_and_nonsense_is_everything(workspace: RunningServer):
    workspace.put("range.bin", b"0123456789")
    assert code(workspace.api.get("/files/range.bin", headers={"Range": "bytes=10-"})) == (416, "bad_range")
    assert workspace.api.get("/files/range.bin", headers={"Range": "lines=1-2"}).status_code == 200


def test_what_the_client_has_already_is_a_304(workspace: RunningServer):
    workspace.put("cached.csv", b"a\n")
    etag = workspace.api.get("/files/cached.csv").headers["ETag"]
    assert workspace.api.get("/files/cached.csv", headers={"If-None-Match": etag}).status_code == 304


def test_a_rename_keeps_versions_and_refuses_a_taken_name(workspace: RunningServer):
    workspace.put("old.csv", b"1")
    workspace.put("old.csv", b"2", replace=1)
    workspace.put("taken.csv", b"3")
    assert code(workspace.api.patch("/files/old.csv", json={"name": "Taken.csv"})) == (409, "file_exists")
    assert code(workspace.api.patch("/files/old.csv", json={"name": "../x"})) == (400, "bad_name")
    assert workspace.api.patch("/files/old.csv", json={"name": "new.csv"}).json()["version"] == 2
    assert code(workspace.api.get("/files/old.csv/meta")) == (404, "file_not_found")
    assert workspace.api.get("/files/new.csv", params={"version": 1}).content == b"1"


def test_deleted_bytes_stay_while_a_table_version_names_them(workspace: RunningServer):
    kept, gone = b"kept\n1\n", b"gone\n1\n"
    workspace.put("kept.csv", kept)
    workspace.put("gone.csv", gone)
    assert workspace.import_file("kept.csv", table="kept_table")["state"] == "done"
    for name in ("kept.csv", "gone.csv"):
        assert workspace.api.delete(f"/files/{name}").status_code == 204
        assert code(workspace.api.get(f"/files/{name}")) == (404, "file_not_found")
        assert code(workspace.api.delete(f"/files/{name}")) == (404, "file_not_found")
    blobs = workspace.blobs()
    assert hashlib.sha256(kept).hexdigest() in blobs
    assert hashlib.sha256(gone).hexdigest() not in blobs


def test_bytes_under_two_names_stay_until_both_are_deleted(workspace: RunningServer):
    content = b"shared bytes"
    blob = hashlib.sha256(content).hexdigest()
    workspace.put("first.txt", content)
    workspace.put("second.txt", content)
    workspace.api.delete("/files/first.txt")
    assert blob in workspace.blobs()
    workspace.api.delete("/files/second.txt")
    assert blob not in workspace.blobs()


def test_an_upload_that_is_broken_off_leaves_nothing(workspace: RunningServer):
    with socket.create_connection(("127.0.0.1", workspace.port)) as raw:
        head = f"PUT {BASE}/files/half.csv HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
        raw.sendall(f"{head}Content-Length: 10000000\r\n\r\n".encode() + b"x" * 3_000_000)
        workspace.wait_until(lambda: temporary_files(workspace))
    workspace.wait_until(lambda: not temporary_files(workspace))
    assert code(workspace.api.get("/files/half.csv/meta")) == (404, "file_not_found")


def test_a_large_body_is_not_held_in_memory(workspace: RunningServer):
    def peak() -> int:
        status = Path(f"/proc/{workspace.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    workspace.put("small.bin", b"x")
    before, block, digest = peak(), b"0123456789abcdef" * 65536, hashlib.sha256()

    def body():
        for _ in range(200):
            digest.update(block)
            yield block

    answer = workspace.api.put("/files/large.bin", content=body())  # chunked: no Content-Length
    assert answer.status_code == 201
    assert answer.json()["sha256"] == digest.hexdigest()
    assert peak() - before < 30 * 2**20
    with workspace.api.stream("GET", "/files/large.bin") as download:
        assert sum(map(len, download.iter_bytes())) == 200 * len(block)
    assert peak() - before < 40 * 2**20


def test_more_than_the_configured_size_is_a_413(start_server):
    server = start_server("--DeitaExtension.max_upload_bytes=1000")
    assert code(server.put("big.bin", b"x" * 1001)) == (413, "too_large")
    chunked = server.api.put("/files/big.bin", content=(b"x" * 600 for _ in range(2)))
    assert code(chunked) == (413, "too_large")
    assert server.put("fits.bin", b"x" * 1000).status_code == 201
    assert temporary_files(server) == []


def test_two_who_upload_one_name_at_once_get_one_file(workspace: RunningServer):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: workspace.put("race.csv", b"%d" % (number % 4)), range(20)))
    created = [answer for answer in answers if answer.status_code == 201]
    assert len(created) == 1
    assert {answer.status_code for answer in answers} <= {200, 201, 409}
    same = [answer for answer in answers if answer.status_code == 200]
    assert all(answer.json()["sha256"] == created[0].json()["sha256"] for answer in same)
