"""From an empty machine to an answer by HTTP alone, through the proxy, with a token of the command line."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.ipc
import pyarrow.parquet
import pytest

from bench.running import Deita

CARRIERS = [["UA", 58665], ["B6", 54635], ["EV", 54173], ["DL", 48110], ["AA", 32729]]
BY_CARRIER = "select carrier, count(*) as n from flights group by carrier order by n desc limit 5"


def query(client: httpx.Client, api: str, sql: str, **more: object) -> dict[str, object]:
    """Runs a statement to its end and returns the query."""
    answer = client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30000, **more})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["state"] == "done", body
    return body


def test_health_needs_no_token_and_names_no_secret(deita: Deita) -> None:
    answer = httpx.get(f"{deita.control}/health", trust_env=False)
    assert answer.status_code == 200
    assert "token" not in answer.text


def test_the_flights_are_all_there(client: httpx.Client, api: str) -> None:
    assert query(client, api, "select count(*) from flights")["rows"] == [[336776]]
    assert query(client, api, BY_CARRIER)["rows"] == CARRIERS


def test_tables_join(client: httpx.Client, api: str) -> None:
    sql = """select a.name, p.manufacturer, count(*) as n, count(w.temp) as measured
             from flights f join airlines a using (carrier) join planes p using (tailnum)
             left join weather w on w.origin = f.origin and w.time_hour = f.time_hour
             group by all order by n desc, 1, 2 limit 3"""
    rows = query(client, api, sql)["rows"]
    assert [row[2] for row in rows] == sorted((row[2] for row in rows), reverse=True)
    assert all(row[0] and row[2] > 0 for row in rows)


def test_a_result_is_paged_to_its_end(client: httpx.Client, api: str) -> None:
    done = query(client, api, "select carrier, flight from flights where month = 1 order by carrier, flight")
    assert done["row_count"] == 27004 and len(done["rows"]) == 1000
    rows, following = list(done["rows"]), done["next"]
    while following:
        page = client.get(f"{api}/queries/{done['id']}/results", params={"cursor": following, "limit": 10000}).json()
        rows += page["rows"]
        following = page["next"]
    assert len(rows) == 27004 and rows == sorted(rows)


@pytest.mark.parametrize("form", ["arrow", "parquet", "csv", "ndjson", "json"])
def test_every_format_holds_the_same_rows(client: httpx.Client, api: str, form: str) -> None:
    done = query(client, api, BY_CARRIER)
    answer = client.get(f"{api}/queries/{done['id']}/results", params={"format": form})
    assert answer.status_code == 200, answer.text
    read = {
        "arrow": lambda body: pa.ipc.open_stream(body).read_all().to_pylist(),
        "parquet": lambda body: pyarrow.parquet.read_table(io.BytesIO(body)).to_pylist(),
        "csv": lambda body: pyarrow.csv.read_csv(io.BytesIO(body)).to_pylist(),
        "ndjson": lambda body: [json.loads(line) for line in body.splitlines()],
        "json": json.loads,
    }[form]
    assert [[row["carrier"], row["n"]] for row in read(answer.content)] == CARRIERS


def test_curl_uploads_and_imports_a_file(deita: Deita, client: httpx.Client, api: str, tmp_path: Path) -> None:
    file = tmp_path / "prices.csv"
    file.write_text("item,price\npen,1.20\nink,7.5\n")
    token = deita.token()
    sent = subprocess.run(
        ["curl", "-sS", "-T", file, "-H", f"Authorization: Bearer {token}", f"{api}/files/prices.csv"],
        capture_output=True,
        check=True,
    )
    assert json.loads(sent.stdout)["size"] == file.stat().st_size
    accepted = client.post(f"{api}/imports", json={"file": "prices.csv"}).json()
    state = client.get(f"{api}/imports/{accepted['id']}", params={"wait_ms": 20000}).json()
    assert (state["state"], state["rows"], state["reject_count"]) == ("done", 2, 0)
    assert query(client, api, "select sum(price) > 8 from prices")["rows"] == [[True]]


def test_a_stopped_server_answers_every_method_with_503_and_where_to_start(deita: Deita, client: httpx.Client) -> None:
    created = client.post(f"{deita.control}/workspaces", json={"name": "Never started"}).raise_for_status().json()
    assert created["server"]["state"] == "stopped"
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        answer = client.request(method, f"{created['server']['api']}/tables")
        assert answer.status_code == 503, (method, answer.text)
        assert answer.json()["code"] == "server_stopped"
        assert "/start" in json.dumps(answer.json()["details"])
        assert answer.headers["Retry-After"]


def test_without_a_token_401_and_with_a_foreign_one_403(deita: Deita, api: str) -> None:
    assert httpx.get(f"{api}/tables", trust_env=False).status_code == 401
    foreign = httpx.get(f"{api}/tables", headers={"Authorization": "Bearer " + "0" * 32}, trust_env=False)
    assert foreign.status_code in (401, 403)
    assert set(foreign.json()) >= {"code", "message", "request_id"}
