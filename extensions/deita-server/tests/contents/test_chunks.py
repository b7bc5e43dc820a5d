"""Uploads in pieces, as JupyterLab sends files of more than a megabyte."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from .conftest import Lab, StartLab, message

MB = 2**20


def block(number: int) -> bytes:
    """A megabyte that differs from every other."""
    return hashlib.sha256(str(number).encode()).digest() * (MB // 32)


def test_pieces_become_the_file_with_the_last_one(lab: Lab) -> None:
    content = block(1) + block(2) + b"end"
    for number, at in ((1, 0), (2, MB)):
        answer = lab.upload("files/pieces.bin", content[at : at + MB], number)
        assert (answer.status_code, answer.json()["size"]) == (201, at + MB)
        assert lab.server.api.get("/files/pieces.bin").status_code == 404
    assert lab.upload("files/pieces.bin", b"end", -1).json()["size"] == len(content)
    assert lab.stored("pieces.bin")["sha256"] == hashlib.sha256(content).hexdigest()
    assert lab.under_way() == []


def test_pieces_overwrite_what_was_there_when_they_began(lab: Lab) -> None:
    lab.server.put("replaced.bin", b"old")
    lab.upload("files/replaced.bin", block(1), 1)
    assert lab.server.api.get("/files/replaced.bin").content == b"old"
    assert lab.upload("files/replaced.bin", b"end", -1).status_code == 200
    assert lab.stored("replaced.bin")["version"] == 2


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(lab: Lab) -> None:
    lab.upload("files/meanwhile.bin", block(1), 1)
    lab.server.put("meanwhile.bin", b"somebody else's")
    status, said = message(lab.upload("files/meanwhile.bin", b"end", -1))
    assert status == 409
    assert "already a file meanwhile.bin" in said and "upload again to replace it" in said
    assert lab.server.api.get("/files/meanwhile.bin").content == b"somebody else's"
    assert lab.under_way() == []


def test_of_two_tabs_that_send_one_name_the_first_wins_and_nothing_is_mixed(lab: Lab) -> None:
    assert lab.upload("files/tabs.bin", block(1), 1).status_code == 201
    status, said = message(lab.upload("files/TABS.bin", block(7), 1))
    assert status == 423
    assert "being uploaded already" in said and "seconds" in said
    assert lab.upload("files/tabs.bin", block(2), -1).status_code == 201
    assert lab.stored("tabs.bin")["sha256"] == hashlib.sha256(block(1) + block(2)).hexdigest()


def test_of_two_people_who_send_one_name_one_wins(start_lab: StartLab) -> None:
    ana = start_lab()
    ben = start_lab(storage=ana.server.storage, person="ben")
    for lab, number in ((ana, 1), (ben, 2)):
        assert lab.upload("files/both.bin", block(number), 1).status_code == 201
    assert ben.upload("files/both.bin", b"end", -1).status_code == 201
    assert ana.upload("files/both.bin", b"end", -1).status_code == 409
    assert ana.stored("both.bin")["created_by"] == "ben"


def test_a_piece_out_of_turn_is_refused_and_the_right_one_still_taken(lab: Lab) -> None:
    lab.upload("files/hole.bin", block(1), 1)
    for number in (3, 1, 0):
        assert lab.upload("files/hole.bin", block(3), number).status_code in (409, 423)
    assert lab.server.api.get("/files/hole.bin").status_code == 404
    assert lab.upload("files/hole.bin", b"end", -1).status_code == 201
    assert lab.upload("files/never-begun.bin", b"end", -1).status_code == 404


def test_an_upload_that_went_quiet_gives_way_to_a_new_one(start_lab: StartLab) -> None:
    lab = start_lab("upload_quiet=0", "max_uploads=1")
    lab.upload("files/closed.bin", block(1), 1)
    assert lab.upload("files/closed.bin", block(2), 1).status_code == 201
    assert lab.upload("files/closed.bin", b"end", -1).status_code == 201
    assert lab.stored("closed.bin")["sha256"] == hashlib.sha256(block(2) + b"end").hexdigest()
    lab.upload("files/first.bin", block(1), 1)
    assert lab.upload("files/second.bin", block(1), 1).status_code == 201
    assert lab.upload("files/first.bin", b"end", -1).status_code == 404


def test_no_more_uploads_than_agreed_are_under_way(start_lab: StartLab) -> None:
    lab = start_lab("max_uploads=2")
    for name in ("one", "two"):
        assert lab.upload(f"files/{name}.bin", block(1), 1).status_code == 201
    status, said = message(lab.upload("files/three.bin", block(1), 1))
    assert (status, "Too many uploads" in said) == (429, True)
    lab.upload("files/one.bin", b"end", -1)
    assert lab.upload("files/three.bin", block(1), 1).status_code == 201


def test_an_abandoned_upload_leaves_nothing(start_lab: StartLab) -> None:
    lab = start_lab("upload_abandoned=0.2")
    lab.upload("files/left.bin", block(1), 1)
    lab.server.wait_until(lambda: lab.upload("files/left.bin", b"out of turn", 9).status_code == 404)
    assert lab.under_way() == []
    assert message(lab.upload("files/left.bin", b"end", -1)) == (
        404,
        "The beginning of this upload is not here any more. Upload the file again.",
    )


def test_a_server_killed_between_two_pieces_leaves_no_half_file(start_lab: StartLab) -> None:
    lab = start_lab()
    for number in (1, 2):
        assert lab.upload("files/killed.bin", block(number), number).status_code == 201
    lab.server.kill()
    lab.server.start()
    assert lab.upload("files/killed.bin", b"end", -1).status_code == 404
    assert lab.names("files") == []
    assert lab.under_way() == []
    assert lab.upload("files/killed.bin", block(1), 1).status_code == 201
    assert lab.upload("files/killed.bin", b"end", -1).status_code == 201


def test_the_quota_holds_while_pieces_arrive_and_is_right_afterwards(start_lab: StartLab) -> None:
    lab = start_lab(DEITA_QUOTA_BYTES=str(2 * MB))
    for number in (1, 2):
        assert lab.upload("files/much.bin", block(number), number).status_code == 201
    status, said = message(lab.upload("files/much.bin", block(3), 3))
    assert (status, "does not fit" in said) == (413, True)
    assert lab.under_way() == []
    assert lab.upload("files/whole.bin", block(1) * 3).status_code == 413
    assert lab.server.api.get("/workspace").json()["usage"]["bytes"] == 0
    assert lab.upload("files/fits.bin", block(1) * 2).status_code == 201


def test_a_large_upload_is_not_held_in_memory(start_lab: StartLab) -> None:
    lab = start_lab()

    before = 0

    def peak() -> int:
        status = Path(f"/proc/{lab.server.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024

    warm, pieces = 50, 110  # every thread has its buffers after so many pieces
    digest = hashlib.sha256()
    for number in range(1, pieces + 1):
        digest.update(block(number))
        answer = lab.upload("files/large.bin", block(number), number if number < pieces else -1)
        assert answer.status_code == 201, answer.text
        before = peak() if number <= warm else before
    assert lab.stored("large.bin")["sha256"] == digest.hexdigest()
    assert peak() - before < (pieces - warm) * MB / 2


@pytest.mark.parametrize("chunk", [True, "2", 2.5, None])
def test_a_piece_without_a_proper_number_is_no_piece(lab: Lab, chunk: object) -> None:
    body = {"type": "file", "format": "text", "content": "x", "chunk": chunk}
    status = lab.ask("PUT", f"files/odd-{str(chunk).lower()}.txt", body).status_code
    assert status == (201 if chunk in (None, True) else 404)
