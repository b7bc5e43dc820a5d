"""Rows that did not fit: listed, downloaded whole, kept with their version, and rows again after another reading."""

from __future__ import annotations

import csv
import io
import json
import os
import signal

import httpx
import pytest

from ...workspace_server import RunningServer, Starter

COUNT = 30_000


def lines_with(bad: dict[int, bytes]) -> bytes:
    """A column `number` whose lines (the header is line 1) are numbers but for those in `bad`."""
    lines = [b"number", *(b"%d" % number for number in range(COUNT))]
    for line, text in bad.items():
        lines[line - 1] = text
    return b"\n".join(lines) + b"\n"


BAD = {20_002: b"=1+1", 20_500: b"two", 25_000: b"-3 pieces"}


@pytest.fixture(scope="module")
def imported(workspace: RunningServer) -> dict:
    workspace.put("bad.csv", lines_with(BAD))
    body = workspace.import_file("bad.csv", recipe={"columns": {"number": "BIGINT"}})
    assert (body["state"], body["rows"], body["reject_count"]) == ("done", COUNT - 3, 3), body
    return body


def download(workspace: RunningServer, body: dict, **params: object) -> httpx.Response:
    answer = workspace.api.get(f"/imports/{body['id']}/rejects", params=params)
    assert answer.status_code == 200
    return answer


def test_rejects_are_downloaded_whole_as_ndjson(workspace: RunningServer, imported: dict):
    answer = download(workspace, imported, format="ndjson")
    items = [json.loads(line) for line in answer.text.splitlines()]
    assert [(item["line"], item["column"], item["raw"]) for item in items] == [
        (line, "number", text.decode()) for line, text in BAD.items()
    ]
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''bad.csv.rejects.ndjson"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_rejects_as_csv_are_safe_in_a_spreadsheet_unless_asked_for_raw(workspace: RunningServer, imported: dict):
    safe = list(csv.reader(io.StringIO(download(workspace, imported, format="csv").text)))
    assert safe[0] == ["line", "column", "raw", "reason"]
    assert [row[2] for row in safe[1:]] == ["'=1+1", "two", "'-3 pieces"]
    raw = list(csv.reader(io.StringIO(download(workspace, imported, format="csv", raw=1).text)))
    assert [row[2] for row in raw[1:]] == [text.decode() for text in BAD.values()]


def test_another_format_is_refused(workspace: RunningServer, imported: dict):
    answer = workspace.api.get(f"/imports/{imported['id']}/rejects", params={"format": "xlsx"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_pages_of_rejects_end_with_the_last(workspace: RunningServer, imported: dict):
    found: list[dict] = []
    cursor = None
    while True:
        page = download(workspace, imported, limit=2, **({"cursor": cursor} if cursor else {})).json()
        found += page["items"]
        if not (cursor := page["next"]):
            break
    assert [item["line"] for item in found] == list(BAD)


def test_a_reject_becomes_a_row_when_the_stored_bytes_are_read_by_another_recipe(
    workspace: RunningServer, imported: dict
):
    workspace.put("bad.csv", b"number\n1\n", replace=1)
    body = workspace.import_file(
        "bad.csv", sha256=imported["sha256"], mode="replace", recipe={"columns": {"number": "VARCHAR"}}
    )
    assert (body["state"], body["rows"], body["reject_count"], body["version"]) == ("done", COUNT, 0, 2)
    assert workspace.rows("SELECT count(*) FROM bad WHERE number = 'two'") == [[1]]
    assert len(download(workspace, imported).json()["items"]) == 3  # the first version keeps its own
    assert download(workspace, body).json()["items"] == []


def test_the_bytes_of_a_table_can_be_read_again_when_the_file_is_gone(workspace: RunningServer):
    workspace.put("gone.csv", b"a\n1\n2\n")
    first = workspace.import_file("gone.csv")
    assert workspace.api.delete("/files/gone.csv").status_code == 204
    again = workspace.import_file("gone.csv", sha256=first["sha256"], table="again")
    assert (again["state"], again["rows"]) == ("done", 2)


def test_bytes_that_nothing_keeps_under_this_name_are_a_404(workspace: RunningServer, imported: dict):
    for file, sha256 in (("bad.csv", "0" * 64), ("other.csv", imported["sha256"])):
        answer = workspace.api.post("/imports", json={"file": file, "sha256": sha256})
        assert (answer.status_code, answer.json()["code"]) == (404, "file_not_found")
    answer = workspace.api.post("/imports", json={"file": "bad.csv", "sha256": "../../etc/passwd"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


def test_rejects_outlive_the_server(start_server: Starter):
    server = start_server()
    server.put("lived.csv", lines_with(BAD))
    body = server.import_file("lived.csv", recipe={"columns": {"number": "BIGINT"}})
    server.kill()
    server.start()
    assert len(server.api.get(f"/imports/{body['id']}/rejects").json()["items"]) == 3


def test_an_import_that_fails_leaves_no_rejects(start_server: Starter):
    server = start_server()
    server.put("first.csv", b"a\n1\n")
    assert server.import_file("first.csv")["state"] == "done"  # from here on there is a process to kill
    server.put("large.csv", lines_with(BAD) * 40)
    body = server.api.post("/imports", json={"file": "large.csv", "recipe": {"columns": {"number": "BIGINT"}}}).json()
    os.kill(server.engine_pid("write"), signal.SIGKILL)
    over = server.api.get(f"/imports/{body['id']}", params={"wait_ms": 30_000}).json()
    kept = list((server.storage / "rejects").glob("*")) if (server.storage / "rejects").exists() else []
    assert bool(kept) == (over["state"] == "done")
