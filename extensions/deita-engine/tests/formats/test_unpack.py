from __future__ import annotations

import bz2
import gzip
import io
import struct
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from deita_engine.formats import unpack as unpacking
from deita_engine.formats.unpack import Packing, packing_of, unpack
from deita_engine.shapes import EngineError

TEXT = b"a,b\n1,2\n" * 1000


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.Codec("zstd").compress(content, asbytes=True)
    return packed


def zipped(files: dict[str, bytes]) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return sink.getvalue()


def plain(folder: Path, content: bytes, member: str | None = None) -> tuple[Packing, bytes]:
    file = folder / "file"
    file.write_bytes(content)
    packing = packing_of(file, member)
    return packing, unpack(file, packing, folder, lambda: None).read_bytes()


def refused(folder: Path, content: bytes, member: str | None = None) -> str:
    with pytest.raises(EngineError) as raised:
        plain(folder, content, member)
    assert str(folder) not in raised.value.message
    return raised.value.code


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("none", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:4000]) + gzip.compress(TEXT[4000:])),
        ("bz2", bz2.compress(TEXT)),
        ("bz2", bz2.compress(TEXT[:4000]) + bz2.compress(TEXT[4000:])),
        ("zstd", zstd(TEXT)),
        ("zstd", zstd(TEXT[:4000]) + zstd(TEXT[4000:])),
    ],
    ids=["plain", "gzip", "two gzip members", "bz2", "two bz2 streams", "zstd", "two zstd frames"],
)
def test_a_packed_file_gives_its_plain_bytes(tmp_path: Path, name: str, content: bytes) -> None:
    packing, found = plain(tmp_path, content)
    assert (packing.compression, packing.member, found) == (name, None, TEXT)


def test_the_first_file_of_an_archive_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    content = zipped({"__MACOSX/._a.csv": b"x", "in/": b"", "in/.DS_Store": b"x", "in/a.csv": TEXT, "b.csv": b"c\n1\n"})
    packing, found = plain(tmp_path, content)
    assert (packing.compression, packing.member, packing.members) == ("none", "in/a.csv", ("in/a.csv", "b.csv"))
    assert found == TEXT
    assert plain(tmp_path, content, "b.csv")[1] == b"c\n1\n"
    assert refused(tmp_path, content, "c.csv") == "bad_recipe"
    assert refused(tmp_path, TEXT, "c.csv") == "bad_recipe"


@pytest.mark.parametrize(
    "content",
    [gzip.compress(TEXT), bz2.compress(TEXT), zstd(TEXT), zipped({"a.csv": TEXT})],
    ids=["gzip", "bz2", "zstd", "zip"],
)
def test_a_packed_file_that_was_cut_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refused(tmp_path, content[:-9]) == "file_unreadable"
    assert refused(tmp_path, content[: len(content) // 2]) == "file_unreadable"


@pytest.mark.parametrize(
    "content", [gzip.compress(TEXT), bz2.compress(TEXT), zipped({"a.csv": TEXT})], ids=["gzip", "bz2", "zip"]
)
def test_a_packed_file_with_a_checksum_that_was_bent_is_refused(tmp_path: Path, content: bytes) -> None:
    bent = bytearray(content)
    bent[len(content) // 2] ^= 0xFF
    with pytest.raises(EngineError) as raised:
        plain(tmp_path, bytes(bent))
    assert raised.value.code in ("file_unreadable", "file_encrypted")


def test_bombs_are_stopped_by_what_comes_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "RATIO_COUNTS_FROM", 8 * 1024**2)
    zeros = bytes(32 * 1024**2)
    for bomb in (gzip.compress(zeros), bz2.compress(zeros), zstd(zeros), zipped({"a": zeros})):
        assert refused(tmp_path, bomb) == "archive_too_large"
        assert (tmp_path / "plain").stat().st_size <= 9 * 1024**2


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    inner = zipped({"a.csv": TEXT})
    for nested in (zipped({"b.zip": inner}), gzip.compress(inner), zipped({"b.gz": gzip.compress(TEXT)})):
        assert refused(tmp_path, nested) == "archive_nested"


def test_an_archive_with_too_many_files_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = zipped({str(number): b"" for number in range(12)})
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 10)
    assert refused(tmp_path, many) == "archive_too_large"
    at = many.rindex(b"PK\x05\x06")
    lying = many[: at + 12] + struct.pack("<I", 2**31) + many[at + 16 :]
    assert refused(tmp_path, lying) == "archive_too_large"


def test_an_encrypted_archive_says_so(tmp_path: Path) -> None:
    content = bytearray(zipped({"a.csv": TEXT}))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refused(tmp_path, bytes(content)) == "file_encrypted"


def test_archives_without_a_file_are_empty(tmp_path: Path) -> None:
    assert refused(tmp_path, zipped({})) == "file_empty"
    assert refused(tmp_path, zipped({"folder/": b""})) == "file_empty"
    assert refused(tmp_path, zipped({"a": b""})) == "file_empty"
    assert refused(tmp_path, gzip.compress(b"")) == "file_empty"
