from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from ...workspace_server import BASE, RunningServer
from .tus_requests import OCTETS, VERSION, begin, bytes_of, code, create, metadata, offset, patch

pytestmark = pytest.mark.backends


def checksum(content: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def test_a_file_that_comes_in_parts_is_a_file(workspace: RunningServer):
    content = b"a,b\n" + b"1,2\n" * 1000
    upload = begin(workspace, "parts.csv", len(content), filetype="text/csv")
    first = patch(workspace, upload, 0, content[:1500])
    assert (first.status_code, first.headers["Upload-Offset"], first.content) == (204, "1500", b"")
    assert offset(workspace, upload) == 1500
    assert code(workspace.api.get("/files/parts.csv/meta")) == (404, "file_not_found")
    last = patch(workspace, upload, 1500, content[1500:])
    assert (last.status_code, last.headers["Upload-Offset"]) == (204, str(len(content)))
    file = workspace.api.get("/files/parts.csv/meta").json()
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["media_type"] == "text/csv"
    assert json.loads(last.headers["Deita-File"]) == file
    assert workspace.api.get(upload).json()["file"] == file
    assert workspace.api.get("/files/parts.csv").content == content
    assert not bytes_of(workspace, upload).exists()


def test_a_lost_upload_is_found_in_the_list(workspace: RunningServer):
    first = begin(workspace, "lost-1.csv", 10)
    second = begin(workspace, "lost-2.csv", 20)
    patch(workspace, second, 0, b"a,b\n1")
    done = begin(workspace, "lost-3.csv", 4)
    patch(workspace, done, 0, b"a\n1\n")
    items, cursor = [], None
    while not items or cursor:
        page = workspace.api.get("/uploads", params={"limit": 1, **({"cursor": cursor} if cursor else {})}).json()
        assert len(page["items"]) == 1
        items, cursor = [*items, *page["items"]], page["next"]
    assert items == workspace.api.get("/uploads").json()["items"]
    found = [one for one in items if one["name"].startswith("lost")]
    assert [(one["name"], one["length"], one["offset"], one["file"]) for one in found] == [
        ("lost-1.csv", 10, 0, None),
        ("lost-2.csv", 20, 5, None),
    ]
    assert found == [workspace.api.get(address).json() for address in (first, second)]
    workspace.api.delete(first, headers=VERSION)
    assert "lost-1.csv" not in {one["name"] for one in workspace.api.get("/uploads").json()["items"]}
    assert code(workspace.api.get("/uploads", params={"cursor": "x"})) == (400, "bad_cursor")


def test_a_small_file_is_one_request(workspace: RunningServer):
    answer = create(workspace, "one-request.csv", 8, b"a\n1\n2\n3\n")
    assert (answer.status_code, answer.headers["Upload-Offset"]) == (201, "8")
    assert answer.headers["Location"].startswith(f"{BASE}/uploads/")
    assert answer.json()["file"] == workspace.api.get("/files/one-request.csv/meta").json()


def test_an_empty_file_is_complete_when_it_begins(workspace: RunningServer):
    answer = create(workspace, "empty.csv", 0)
    assert answer.status_code == 201
    assert answer.json()["file"]["size"] == 0
    assert workspace.api.get("/files/empty.csv").content == b""


def test_options_say_what_is_supported_and_need_no_token(workspace: RunningServer):
    answer = httpx.options(f"{workspace.url}/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert int(answer.headers["Tus-Max-Size"]) >= 100 * 10**9
    extensions = set(answer.headers["Tus-Extension"].split(","))
    assert extensions == {
        "creation",
        "creation-defer-length",
        "creation-with-upload",
        "checksum",
        "termination",
        "expiration",
    }
    assert set(answer.headers["Tus-Checksum-Algorithm"].split(",")) == {"sha1", "md5", "sha256"}


def test_only_people_who_may_change_things_upload(workspace: RunningServer, start_server):
    assert code(httpx.post(f"{workspace.url}/uploads", headers=VERSION)) == (401, "unauthorized")
    viewer = start_server(role="viewer")
    assert code(create(viewer, "a.csv", 1)) == (403, "forbidden")


def test_another_version_of_the_protocol_is_a_412(workspace: RunningServer):
    answer = create(workspace, "a.csv", 1, headers={"Tus-Resumable": "0.2.2"})
    assert code(answer) == (412, "tus_version")
    assert answer.headers["Tus-Resumable"] == "1.0.0"


@pytest.mark.parametrize(
    "headers",
    [{"Upload-Length": "-1"}, {"Upload-Length": "many"}, {"Upload-Length": ""}, {"Upload-Metadata": ""},
     {"Upload-Metadata": "filename not-base64!"}, {"Upload-Metadata": "filename " + base64.b64encode(b"\xff").decode()},
     {"Upload-Metadata": metadata(filename="a.csv", sha256="short")}, {"Upload-Metadata": "x" * 5000},
     {"Upload-Checksum": "crc32 AAAA", **OCTETS}, {"Upload-Checksum": "sha1 !", **OCTETS}],
)  # fmt: skip
def test_a_header_that_cannot_be_understood_is_a_400(workspace: RunningServer, headers: dict[str, str]):
    assert code(create(workspace, "a.csv", 1, b"x", headers=headers)) == (400, "bad_request")


def test_a_name_that_could_do_harm_is_refused_before_the_bytes_come(workspace: RunningServer):
    assert code(create(workspace, "../secret", 10**10)) == (400, "bad_name")


def test_bytes_of_another_type_are_a_415(workspace: RunningServer):
    upload = begin(workspace, "type.csv", 4)
    answer = workspace.api.patch(upload, headers={**VERSION, "Upload-Offset": "0"}, content=b"a\n1\n")
    assert code(answer) == (415, "unsupported_media_type")


def test_bytes_for_another_place_are_a_409_that_says_where_to_go_on(workspace: RunningServer):
    upload = begin(workspace, "place.csv", 10)
    patch(workspace, upload, 0, b"12345")
    answer = patch(workspace, upload, 3, b"45678")
    assert code(answer) == (409, "offset_mismatch")
    assert answer.json()["details"] == {"offset": 5}


def test_more_bytes_than_announced_are_a_413_and_what_fits_stays(workspace: RunningServer):
    upload = begin(workspace, "more.csv", 10)
    assert code(patch(workspace, upload, 0, b"x" * 11)) == (413, "too_large")
    assert code(patch(workspace, upload, 0, (b"x" * 6 for _ in range(2)))) == (413, "too_large")
    at = offset(workspace, upload)
    assert patch(workspace, upload, at, b"x" * (10 - at)).status_code == 204
    assert workspace.api.get("/files/more.csv").content == b"x" * 10


def test_a_checksum_is_checked_and_wrong_bytes_are_dropped(workspace: RunningServer):
    upload = begin(workspace, "checked.csv", 12)
    assert patch(workspace, upload, 0, b"aaaa", **{"Upload-Checksum": checksum(b"aaaa", "md5")}).status_code == 204
    wrong = patch(workspace, upload, 4, b"bbbX", **{"Upload-Checksum": checksum(b"bbbb", "sha256")})
    assert code(wrong) == (460, "checksum_mismatch")
    assert offset(workspace, upload) == 4
    assert patch(workspace, upload, 4, b"bbbb", **{"Upload-Checksum": checksum(b"bbbb")}).status_code == 204
    assert patch(workspace, upload, 8, b"cccc").status_code == 204
    assert workspace.api.get("/files/checked.csv").content == b"aaaabbbbcccc"
    assert workspace.api.get("/files/checked.csv/meta").json()["sha256"] == hashlib.sha256(b"aaaabbbbcccc").hexdigest()


def test_bytes_that_are_not_those_announced_are_refused_as_a_whole(workspace: RunningServer):
    expected = hashlib.sha256(b"right").hexdigest()
    upload = begin(workspace, "whole.csv", 5, sha256=expected)
    assert code(patch(workspace, upload, 0, b"wrong")) == (422, "sha256_mismatch")
    assert workspace.api.head(upload, headers=VERSION).status_code == 404
    assert code(workspace.api.get("/files/whole.csv/meta")) == (404, "file_not_found")
    assert create(workspace, "whole.csv", 5, b"right", sha256=expected).status_code == 201


def test_a_name_is_refused_early_when_it_is_certain_and_at_the_end_otherwise(workspace: RunningServer):
    workspace.put("claimed.csv", b"one")
    assert code(create(workspace, "claimed.csv", 4)) == (409, "file_exists")
    assert code(create(workspace, "claimed.csv", 3, sha256="0" * 64)) == (409, "file_exists")
    upload = begin(workspace, "claimed.csv", 3)
    assert code(patch(workspace, upload, 0, b"two")) == (409, "file_exists")
    assert workspace.api.head(upload, headers=VERSION).status_code == 404
    assert create(workspace, "claimed.csv", 3, b"one").json()["file"]["version"] == 1
    assert create(workspace, "claimed.csv", 3, b"two", replace="1").json()["file"]["version"] == 2
    assert not bytes_of(workspace, upload).exists()


def test_of_many_who_upload_one_name_at_once_one_wins(workspace: RunningServer):
    uploads = [(begin(workspace, "raced.csv", 2), b"%02d" % number) for number in range(12)]
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(lambda each: patch(workspace, each[0], 0, each[1]), uploads))
    assert sorted(answer.status_code for answer in answers) == [204] + [409] * 11
    winner = next(content for (_, content), answer in zip(uploads, answers, strict=True) if answer.status_code == 204)
    assert workspace.api.get("/files/raced.csv").content == winner
    assert not any(bytes_of(workspace, upload).exists() for upload, _ in uploads)


def test_a_cancelled_upload_is_gone_and_a_finished_file_stays(workspace: RunningServer):
    upload = begin(workspace, "cancelled.csv", 10)
    patch(workspace, upload, 0, b"12345")
    assert workspace.api.delete(upload, headers=VERSION).status_code == 204
    assert workspace.api.head(upload, headers=VERSION).status_code == 404
    assert code(patch(workspace, upload, 5, b"12345")) == (404, "upload_not_found")
    assert not bytes_of(workspace, upload).exists()
    finished = begin(workspace, "finished.csv", 1)
    patch(workspace, finished, 0, b"1")
    assert workspace.api.delete(finished, headers=VERSION).status_code == 204
    assert workspace.api.get("/files/finished.csv").content == b"1"


def test_a_post_may_stand_for_a_patch_where_the_way_knows_none(workspace: RunningServer):
    upload = begin(workspace, "overridden.csv", 3)
    headers = {**OCTETS, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    assert workspace.api.post(upload, headers=headers, content=b"abc").status_code == 204
    assert workspace.api.get("/files/overridden.csv").content == b"abc"


def test_the_metadata_comes_back_as_it_was_sent(workspace: RunningServer):
    upload = begin(workspace, "mädchen.csv", 3, filetype="text/csv", colour="blue")
    answer = workspace.api.head(upload, headers=VERSION)
    assert answer.headers["Upload-Metadata"] == metadata(filename="mädchen.csv", filetype="text/csv", colour="blue")
    assert answer.headers["Upload-Length"] == "3"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Upload-Expires"].endswith("GMT")


def test_an_upload_belongs_to_the_person_who_began_it(workspace: RunningServer, start_server):
    upload = begin(workspace, "mine.csv", 3)
    other = start_server(storage=workspace.storage, person="ana")
    assert code(patch(other, upload, 0, b"abc")) == (404, "upload_not_found")
    assert other.api.get("/uploads").json() == {"items": [], "next": None}


def test_an_abandoned_upload_expires_with_its_bytes(start_server):
    server = start_server("--DeitaExtension.upload_lifetime=0.4")
    upload = begin(server, "abandoned.csv", 10)
    patch(server, upload, 0, b"12345")
    server.wait_until(lambda: server.api.head(upload, headers=VERSION).status_code == 410)
    assert code(patch(server, upload, 5, b"12345")) == (410, "upload_expired")
    assert server.api.get("/uploads").json()["items"] == []
    assert bytes_of(server, upload).exists()
    begin(server, "another.csv", 10)
    assert not bytes_of(server, upload).exists()
    assert server.api.head(upload, headers=VERSION).status_code == 404


def test_more_than_the_configured_size_is_a_413(start_server):
    server = start_server("--DeitaExtension.max_upload_bytes=1000")
    assert code(create(server, "big.bin", 1001)) == (413, "too_large")
    assert create(server, "fits.bin", 1000, b"x" * 1000).status_code == 201


def test_the_quota_holds_to_the_byte_before_and_after(start_server):
    server = start_server(DEITA_QUOTA_BYTES="1000")
    assert server.api.get("/workspace").json()["quota"] == 1000
    assert create(server, "a.bin", 400, b"a" * 400).status_code == 201
    assert code(create(server, "b.bin", 601)) == (413, "quota_exceeded")
    assert code(server.put("b.bin", b"b" * 601)) == (413, "quota_exceeded")
    chunked = server.api.put("/files/b.bin", content=(b"b" * 301 for _ in range(2)))
    assert code(chunked) == (413, "quota_exceeded")
    late = begin(server, "late.bin", 600)
    patch(server, late, 0, b"l" * 100)
    assert code(create(server, "c.bin", 501)) == (413, "quota_exceeded")
    assert server.put("c.bin", b"c" * 500).status_code == 201
    refused = patch(server, late, 100, b"l" * 500)
    assert code(refused) == (413, "quota_exceeded")
    assert refused.json()["details"] == {"quota": 1000, "used": 900, "size": 600}
    assert server.api.get("/workspace").json()["usage"] == {"files": 2, "bytes": 900}
    server.api.delete("/files/c.bin")
    assert patch(server, late, 100, b"l" * 500).status_code == 204
    assert server.api.get("/workspace").json()["usage"] == {"files": 2, "bytes": 1000}
    assert server.put("again.bin", b"").status_code == 201


def test_bytes_that_are_there_already_need_no_room(start_server):
    server = start_server(DEITA_QUOTA_BYTES="1000")
    server.put("a.bin", b"a" * 500)
    assert server.put("copy.bin", b"a" * 500).status_code == 201
    assert server.api.get("/workspace").json()["usage"]["bytes"] == 500


def test_an_upload_may_say_its_length_later(workspace: RunningServer):
    headers = {**VERSION, "Upload-Defer-Length": "1", "Upload-Metadata": metadata(filename="later.bin")}
    begun = workspace.api.post("/uploads", headers=headers)
    assert (begun.status_code, begun.json()["length"]) == (201, None)
    upload = f"/uploads/{begun.json()['id']}"
    head = workspace.api.head(upload, headers=VERSION).headers
    assert (head["Upload-Defer-Length"], "Upload-Length" in head) == ("1", False)
    assert patch(workspace, upload, 0, b"first ").status_code == 204
    assert code(patch(workspace, upload, 6, b"x", **{"Upload-Length": "3"})) == (400, "bad_request")
    assert patch(workspace, upload, 6, b"second", **{"Upload-Length": "16"}).status_code == 204
    assert workspace.api.head(upload, headers=VERSION).headers["Upload-Length"] == "16"
    assert code(patch(workspace, upload, 12, b"more", **{"Upload-Length": "20"})) == (400, "bad_request")
    assert code(patch(workspace, upload, 12, b"too much")) == (413, "too_large")
    assert patch(workspace, upload, 12, b"last").status_code == 204
    assert workspace.api.get("/files/later.bin").content == b"first secondlast"


def test_an_upload_says_its_length_or_that_it_comes_later(workspace: RunningServer):
    named = {**VERSION, "Upload-Metadata": metadata(filename="never.bin")}
    for headers in ({}, {"Upload-Defer-Length": "2"}, {"Upload-Defer-Length": "1", "Upload-Length": "5"}):
        assert code(workspace.api.post("/uploads", headers={**named, **headers})) == (400, "bad_request")
    assert "creation-defer-length" in workspace.api.options("/uploads").headers["Tus-Extension"].split(",")
