from __future__ import annotations

import pytest
from deita_server.services.files.media import media_type


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.csv", b"a,b\n", "text/csv"),
        ("a.csv", b"", "text/csv"),
        ("a.csv", b"\x7fELF\0\0", "application/octet-stream"),
        ("a.csv", "ü".encode("utf-16"), "text/csv"),
        ("a.csv", b"PAR1....", "application/vnd.apache.parquet"),
        ("a.parquet", b"a,b\n", "application/octet-stream"),
        ("a.csv.gz", b"\x1f\x8b\x08", "application/gzip"),
        ("a.xlsx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.zip", b"PK\x03\x04", "application/zip"),
        ("noextension", b"text", "application/octet-stream"),
    ],
)
def test_bytes_go_before_the_extension(name: str, head: bytes, expected: str):
    assert media_type(name, head) == expected
