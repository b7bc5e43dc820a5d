from __future__ import annotations

import csv
import io
import json
import re
import tempfile
import time
from pathlib import Path

import duckdb
import pytest
from deita_engine.formats import csv_loading
from deita_engine.formats.encoding import text_codec
from deita_engine.formats.plan import Outcome, Reading, Target
from deita_engine.formats.unpack import Packing
from deita_engine.lake_files import NewFile
from deita_engine.shapes import EngineError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PIECES = st.sampled_from([b",", b";", b"\t", b" ", b'"', b"'", b"\\", b"\n", b"\r\n", b"\r", b"a", b"1", b"12.5", b"NA",
                          b"2024-01-31", b"#", b"\xff", b"\xc3\xa4", b"$5", b"x,y\n1,2\n"])  # fmt: skip


def load(content: bytes) -> tuple[Outcome, list[dict[str, object]]]:
    with tempfile.TemporaryDirectory() as name, duckdb.connect(config={"threads": 2}) as connection:
        folder = Path(name)
        (folder / "bad.csv").write_bytes(content)
        target = Target(NewFile(folder / "rows.parquet", "rows.parquet"), folder / "rejects.ndjson")
        reading = Reading(folder / "bad.csv", "csv", Packing(), {}, connection, folder, lambda: None)
        outcome = csv_loading.load(reading, target)
        rejects = [json.loads(line) for line in target.rejects.read_text().splitlines()] if outcome.rejected else []
        return outcome, rejects


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(PIECES, max_size=60).map(b"".join))
def test_whatever_the_text_it_becomes_rows_and_rejects_or_a_documented_error(content: bytes) -> None:
    begin = time.monotonic()
    try:
        outcome, rejects = load(content)
    except EngineError as error:
        assert error.code in ("file_empty", "file_binary", "file_unreadable", "line_too_long")
    else:
        assert len(rejects) == outcome.rejected
        assert all(set(item) == {"line", "column", "raw", "reason"} for item in rejects)
        assert outcome.rows + outcome.rejected + outcome.counts.left_out == outcome.counts.total
    assert time.monotonic() - begin < 30


WORDS = st.sampled_from(
    ["a", "Köln", "two words", "x,y", "1;2", 'he said "no"', "it's", "first\nsecond", "#", "NA", "-"]
)
VALUES = st.sampled_from(["1", "-2.5", "1,5", "007", "2024-01-31", "31.01.2024", "10:30", "true", "$5", "12 %", "1e3"])


@st.composite
def grids(draw: st.DrawFn) -> tuple[int, bytes, list[str], bool]:
    """How many rows, the grid as a text in some dialect, its lines, and whether the dialect is plain to see."""
    width = draw(st.integers(2, 6))
    cells = st.one_of(WORDS, VALUES)
    rows = draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=40))
    quote, quoting = draw(st.sampled_from("\"'")), draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    out = io.StringIO(newline="")
    writer = csv.writer(
        out,
        delimiter=draw(st.sampled_from(",;\t|")),
        quotechar=quote,
        quoting=quoting,
        lineterminator=draw(st.sampled_from(["\n", "\r\n", "\r"])),
    )
    writer.writerows(rows)
    text = out.getvalue()
    plain = quote == '"' or quoting == csv.QUOTE_ALL  # what one or two values stand between may be apostrophes
    return len(rows), text.encode(), re.findall(r"[^\r\n]*(?:\r\n|\r|\n)", text), plain


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(grids())
def test_whatever_the_grid_and_its_dialect_no_line_is_lost(grid: tuple[int, bytes, list[str], bool]) -> None:
    rows, content, lines, plain = grid
    outcome, rejects = load(content)
    counts = outcome.counts
    assert counts.total == len(lines)
    assert outcome.rows + len(rejects) + counts.left_out == counts.total
    if rows > 5 and plain:
        assert (counts.above, counts.below) == (0, 0), outcome.plan.recipe


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b",".join([b"c"] * 100_000) + b"\n" + b",".join([b"1"] * 100_000), "file_unreadable"),
        (b"a,b\n1," + b"x" * 50_000_000 + b"\n2,3\n", "line_too_long"),
        (b'a,b\n1,"' + b"x," * 25_000_000 + b"\n2,3\n", "line_too_long"),
        (b"a,b\n1,\x00\n", "file_binary"),
        (b"\n\n", "file_empty"),
    ],
    ids=["100,000 columns", "a line of 50 MB", "an open quote over 50 MB", "NUL", "blank lines"],
)
def test_a_text_beyond_the_limits_is_refused_at_once(content: bytes, code: str) -> None:
    begin = time.monotonic()
    with pytest.raises(EngineError) as error:
        load(content)
    assert error.value.code == code
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("content", [b"a,b,c\n", b"a,b\n1,\xed\xa0\x80\n2,3\n", b"a,b\n1,\xc3", b'a,b\n1,"open\n2,3\n'])
def test_a_damaged_text_is_read_as_far_as_it_goes(content: bytes) -> None:
    outcome, rejects = load(content)
    assert outcome.rows + len(rejects) == max(content.count(b"\n") - (1 if content.endswith(b"\n") else 0), 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-32", "cp1252", "gb18030"])
def test_a_codec_that_makes_text_of_bytes_is_taken(encoding: str) -> None:
    assert text_codec(encoding)


@pytest.mark.parametrize("encoding", ["zlib", "base64", "rot13", "undefined", "idna", "klingon", "../x", "\0"])
def test_what_is_no_encoding_of_texts_is_refused(encoding: str) -> None:
    with pytest.raises(EngineError) as error:
        text_codec(encoding)
    assert (error.value.code, error.value.details["field"]) == ("bad_recipe", "encoding")
