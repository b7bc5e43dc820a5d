"""Results in pages, and whole in each format."""

from __future__ import annotations

import io
import json

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from ...workspace_server import TOKEN, RunningServer


def refused(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_pages_go_to_the_end_without_gap_or_repeat(workspace: RunningServer):
    body = workspace.query("SELECT range FROM range(2500)").json()
    assert (len(body["rows"]), body["row_count"]) == (1000, 2500)
    rows, cursor = [row[0] for row in body["rows"]], body["next"]
    while cursor:
        page = workspace.api.get(f"/queries/{body['id']}/results", params={"cursor": cursor, "limit": 700}).json()
        assert page["columns"] == body["columns"]
        assert page["row_count"] == 2500
        rows += [row[0] for row in page["rows"]]
        cursor = page["next"]
    assert rows == list(range(2500))


def test_a_cursor_of_another_query_is_refused(workspace: RunningServer):
    first = workspace.query("SELECT * FROM range(2000)").json()
    second = workspace.query("SELECT * FROM range(2000)").json()
    answer = workspace.api.get(f"/queries/{second['id']}/results", params={"cursor": first["next"]})
    assert refused(answer) == (400, "bad_cursor")


FORMATS = {
    "arrow": (
        "application/vnd.apache.arrow.stream",
        lambda content: pa.ipc.open_stream(content).read_all()["n"].to_pylist(),
    ),
    "parquet": ("application/vnd.apache.parquet", lambda content: pq.read_table(io.BytesIO(content))["n"].to_pylist()),
    "csv": ("text/csv", lambda content: [int(line) for line in content.decode().splitlines()[1:]]),
    "ndjson": ("application/x-ndjson", lambda content: [json.loads(line)["n"] for line in content.splitlines()]),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        lambda content: [
            row[0] for row in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[1:]
        ],
    ),
    "json": ("application/json", lambda content: [row["n"] for row in json.loads(content)]),
}


@pytest.mark.parametrize("format", FORMATS)
def test_the_whole_result_in_a_format(workspace: RunningServer, format: str):
    query_id = workspace.query("SELECT range AS n FROM range(5000)").json()["id"]
    media_type, read = FORMATS[format]
    answer = workspace.api.get(f"/queries/{query_id}/results", params={"format": format})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(media_type)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{query_id}.{format}"'
    assert read(answer.content) == list(range(5000))
    if format != "json":
        accepted = workspace.api.get(f"/queries/{query_id}/results", headers={"Accept": media_type})
        assert read(accepted.content) == list(range(5000))


def test_a_format_that_there_is_not_is_a_400_and_a_media_type_a_415(workspace: RunningServer):
    query_id = workspace.query("SELECT 1").json()["id"]
    path = f"/queries/{query_id}/results"
    assert refused(workspace.api.get(path, params={"format": "pdf"})) == (400, "unsupported_format")
    accept = {"Accept": "application/pdf"}
    assert refused(workspace.api.get(path, headers=accept)) == (415, "unsupported_media_type")


def test_arrow_streams_while_the_query_runs(workspace: RunningServer):
    """The first bytes arrive long before the end; the rest is broken off when the query is cancelled."""
    query_id = workspace.query("SELECT range FROM range(1000000000)", wait_ms=0).json()["id"]
    with httpx.Client(base_url=workspace.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as other:
        request = other.build_request("GET", f"/queries/{query_id}/results", params={"format": "arrow"})
        answer = other.send(request, stream=True)
        assert answer.status_code == 200
        chunks = answer.iter_raw()
        assert next(chunks)
        assert workspace.api.get(f"/queries/{query_id}").json()["state"] == "running"
        assert workspace.api.delete(f"/queries/{query_id}").json()["state"] == "cancelled"
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in chunks:
                pass
