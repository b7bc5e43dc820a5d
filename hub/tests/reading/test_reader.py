"""The reader as a process, against a real PostgreSQL: every type, everything that it refuses, and its end."""

from __future__ import annotations

import datetime
import json
import struct
import subprocess
import sys
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from tests.servers.certificates import issued
from tests.servers.foreign import Foreign

MANY = "SELECT n, md5(n::text) FROM generate_series(1, 300000) n"
READER = [sys.executable, "-P", "-m", "deita_hub.reading"]


def job(foreign: Foreign, **more: Any) -> bytes:
    target = {**foreign.connection, "address": "127.0.0.1", "sslmode": "prefer", **more.pop("target", {})}
    return json.dumps({"target": target, "task": "rows", **more}).encode() + b"\n"


def frames(said: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 0
    while at < len(said):
        kind, length = struct.unpack_from(">cI", said, at)
        found.append((kind, said[at + 5 : at + 5 + length]))
        at += 5 + length
    return found


def read(foreign: Foreign, **more: Any) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """What was said first, what was said last, and the bytes between."""
    with subprocess.Popen(READER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as process:
        assert process.stdin and process.stdout
        process.stdin.write(job(foreign, **more))
        process.stdin.flush()
        found = frames(process.stdout.read())
    head, last = (json.loads(found[n][1]) if found[n][0] in b"HEF" else {} for n in (0, -1))
    return head, last, b"".join(body for kind, body in found if kind == b"D")


def refusal(foreign: Foreign, **more: Any) -> tuple[str, dict[str, Any]]:
    _, last, _ = read(foreign, **{"format": "json", "limit": 1, **more})
    return last["code"], last


def test_every_type_arrives_exactly_or_its_note_says_as_what(foreign: Foreign) -> None:
    head, last, data = read(foreign, table="kinds", format="parquet")
    assert (last["rows"], last["bytes"]) == (2, len(data))
    assert head["read_at"] and head["snapshot"] and head["server_version"]
    table = parquet.read_table(pa.BufferReader(data))
    first, nothing = table.to_pylist()
    assert set(nothing.values()) == {None}
    assert first.pop("f8") != 0  # NaN equals nothing, not even itself
    assert first == {
        "b": True, "i2": 1, "i8": 2**63 - 1, "free": Decimal("123.4567890"),
        "exact": Decimal("1234567890123456.1234"), "nan": "NaN", "t": "", "c": "ab  ", "j": '{"a": [1]}',
        "u": uuid.UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"), "raw": b"\xde\xad\xbe\xef",
        "d": datetime.date(2026, 1, 2), "ever": "infinity", "ti": datetime.time(12, 34, 56, 789000),
        "ts": datetime.datetime(9999, 12, 31, 23, 59, 59),
        "tz": datetime.datetime(2026, 1, 2, 1, 4, 5, tzinfo=datetime.UTC), "iv": "P1Y2D", "a": "[1,null,3]",
        "m": "calm", "ip": "10.0.0.1/8", 'Odd "Name': 'ü€😀,"\n\\N',
    }  # fmt: skip
    notes = {column["name"]: column["note"] for column in head["columns"] if column["note"]}
    assert set(notes) == {"nan", "j", "ever", "iv", "a", "ip"}
    assert "NaN" in notes["nan"] and "infinity" in notes["ever"]


def test_a_query_has_parameters_a_limit_and_columns_of_one_name(foreign: Foreign) -> None:
    query = "SELECT id, customer AS id FROM orders WHERE id > %(least)s AND customer LIKE %(like)s ORDER BY 1; "
    params = {"least": 10, "like": "%' OR '1'='1"}
    assert read(foreign, query=query, params=params, format="arrow")[1]["rows"] == 0
    _, last, data = read(foreign, query=query, params={"least": 10, "like": "cust%"}, format="arrow", limit=2)
    assert last["rows"] == 2
    assert pa.ipc.open_stream(data).read_all().to_pylist() == [
        {"id": 11, "id_2": "customer 4"},
        {"id": 12, "id_2": "customer 5"},
    ]
    nothing = "SELECT x FROM (VALUES ('a'), (NULL), ('')) v(x)"
    assert pa.ipc.open_stream(read(foreign, query=nothing, format="arrow")[2]).read_all().to_pydict() == {
        "x": ["a", None, ""]
    }
    assert read(foreign, query="SELECT 1 LIMIT 0", format="parquet")[1]["rows"] == 0
    _, shown, _ = read(foreign, query="SELECT NULL, repeat('x', 1000)", format="json", limit=1)
    assert shown["rows"] == [[None, "x" * 300]]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("DELETE FROM orders", "connection_read_only"),
        ("DELETE FROM orders RETURNING 1", "connection_read_only"),
        ("WITH gone AS (DELETE FROM orders RETURNING 1) SELECT * FROM gone", "connection_read_only"),
        ("SELECT spoil()", "connection_read_only"),
        ("SELECT 1) TO STDOUT; DROP TABLE orders --", "connection_query_refused"),
        ("SELECT 1; DROP TABLE orders", "connection_query_refused"),
        ("SELECT set_config('transaction_read_only', 'off', true)", "connection_query_failed"),
        ("SELECT * FROM salaries", "connection_denied"),
        ("SELECT * FROM nowhere", "connection_table_not_found"),
        ("SELEC 1", "connection_query_refused"),
        ("SELECT $1::int", "bad_request"),
        ("  ;", "bad_request"),
    ],
)
def test_what_it_does_not_read_is_refused_with_a_reason(foreign: Foreign, query: str, code: str) -> None:
    found, last = refusal(foreign, query=query)
    assert found == code, last
    assert last["message"] and foreign.password not in str(last)
    assert foreign.run("SELECT count(*) FROM orders") == [(5000,)]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"target": {"password": "wrong"}}, "connection_login_refused"),
        ({"target": {"database": "nowhere"}}, "connection_no_database"),
        ({"target": {"port": 1}}, "connection_unreachable"),
        ({"target": {"sslmode": "require"}}, "connection_tls"),
        ({"query": "SELECT pg_sleep(60)", "seconds": 1}, "connection_timeout"),
        ({"query": MANY, "limit": None, "format": "arrow", "most": 10**6}, "connection_result_too_large"),
        ({"query": "SELECT repeat('x', 20000000)", "format": "arrow"}, "connection_row_too_large"),
        ({"table": 'no "table'}, "connection_table_not_found"),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_a_code(foreign: Foreign, more: dict[str, Any], code: str) -> None:
    wanted = {} if "table" in more else {"query": "SELECT 1"}
    assert refusal(foreign, **{**wanted, **more})[0] == code


def test_a_server_is_believed_that_shows_a_certificate_of_the_authority_that_was_named(
    foreign: Foreign, until: Callable[..., Any]
) -> None:
    shown, other = issued("db.example.org"), issued("db.example.org")
    right = {"host": "db.example.org", "sslmode": "verify-full", "ca": shown.authority}

    def tried(**changed: str) -> str:
        _, last, _ = read(foreign, task="test", target={**right, **changed})
        return str(last.get("code") or last["tls"])

    with foreign.server.encrypted(shown):
        until(lambda: tried() == "True", 20, "the server speaks TLS")
        assert tried(ca=f"{other.authority}{shown.authority}") == "True"
        assert tried(ca=other.authority) == tried(ca="") == tried(host="localhost") == "connection_tls"
        assert tried(host="localhost", sslmode="verify-ca") == "True"
        assert tried(ca=other.authority, sslmode="verify-ca") == "connection_tls"


def test_who_no_longer_listens_ends_the_statement_at_the_database(foreign: Foreign, until: Callable[..., Any]) -> None:
    with subprocess.Popen(READER, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as process:
        assert process.stdin
        process.stdin.write(job(foreign, query="SELECT pg_sleep(600)", format="arrow", seconds=600))
        process.stdin.flush()
        until(lambda: any("pg_sleep" in text for text in foreign.running()), 60, "it runs")
        process.stdin.close()
        until(lambda: not foreign.running(), 60, "it was cancelled")
        assert process.wait(60) == 3
