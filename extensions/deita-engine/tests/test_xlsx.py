from __future__ import annotations

import datetime
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from deita_engine.client import Engine, Run
from deita_engine.shapes import EngineError, Selection
from deita_engine.xlsx_cells import letters
from python_calamine import CalamineWorkbook

Query = Callable[..., Awaitable[Run]]


async def workbook(engine: Engine, run: Run, **options: Any) -> Path:
    assert run.error is None
    with engine.export(run.id, "xlsx", **options) as stream:
        while not stream.done:
            await stream.grown(stream.size)
        return stream.path


def cells(path: Path) -> list[list[Any]]:
    return [[cell.value for cell in row] for row in openpyxl.load_workbook(path).active.iter_rows()]


async def test_cells_have_the_types_of_their_values(engine: Engine, query: Query) -> None:
    run = await query(
        "select 7::tinyint as i, -999999999999999 as big, 1.50::decimal(5, 2) as d, 0.1::double as f, true as b,"
        " null as nothing, date '2024-02-29' as day, timestamp '2024-01-02 03:04:05.5' as t,"
        " timestamptz '2024-01-02 05:04:05+02' as tz, time '03:04:05' as clock, 'text' as s"
    )
    path = await workbook(engine, run)
    header, row = cells(path)
    assert header == ["i", "big", "d", "f", "b", "nothing", "day", "t", "tz", "clock", "s"]
    moment = datetime.datetime(2024, 1, 2, 3, 4, 5)
    assert row == [
        7, -999999999999999, 1.5, 0.1, True, None, datetime.datetime(2024, 2, 29), moment.replace(microsecond=500_000),
        moment, datetime.time(3, 4, 5), "text",
    ]  # fmt: skip
    other = CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1]
    assert other[:5] == [7, -999999999999999, 1.5, 0.1, True]
    assert other[6:8] == [datetime.date(2024, 2, 29), moment.replace(microsecond=500_000)]


async def test_what_excel_would_change_is_text(engine: Engine, query: Query) -> None:
    run = await query(
        "select 9007199254740993 as big, 12345678901234567.89::decimal(20, 2) as d, 'nan'::double as nan,"
        " '-infinity'::float as inf, date '1850-01-01' as old, timestamp '10000-01-01' as far,"
        " sum(1::hugeint) as small, [1, 2] as l, {'a': 'x'} as st, '\\xFF'::blob as blob, to_days(3) as iv,"
        " 'infinity'::date as never"
    )
    assert cells(await workbook(engine, run))[1] == [
        "9007199254740993", "12345678901234567.89", "nan", "-inf", "1850-01-01", "10000-01-01 00:00:00", 1, "[1,2]",
        '{"a":"x"}', "/w==", "3 days", "infinity",
    ]  # fmt: skip


TEXTS = ["a<b>&\"'c", "  spaces  ", "two\nlines", "cr\r\nlf", "bell\x07", "_x0041_", "tab\tin", "ünï 😀", ""]


async def test_every_text_survives(engine: Engine, query: Query) -> None:
    run = await query("select unnest($texts) as text", params={"texts": TEXTS})
    path = await workbook(engine, run)
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
        for name in package.namelist():
            ElementTree.fromstring(package.read(name))
    read = [row[0] for row in CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()[1:]]
    assert read == TEXTS


async def test_text_that_a_spreadsheet_would_run_is_defused(engine: Engine, query: Query) -> None:
    run = await query("select unnest(['=1+1', '+1', '-1', '@x', '\t=x', 'plain']) as s, -5 as n")
    assert [row[0] for row in cells(await workbook(engine, run))[1:]] == [
        "'=1+1",
        "'+1",
        "'-1",
        "'@x",
        "'\t=x",
        "plain",
    ]
    raw = openpyxl.load_workbook(await workbook(engine, run, raw=True)).active
    assert [(raw["A2"].value, raw["A2"].data_type), raw["B2"].value] == [("=1+1", "s"), -5]


async def test_selected_rows_columns_of_one_name_and_empty_results(engine: Engine, query: Query) -> None:
    run = await query("select range as a, 'x' as a, range as place from range(5)")
    selection = Selection((("a", True),), (("a", "ge", "3"),))
    assert cells(await workbook(engine, run, selection=selection)) == [["a", "a", "place"], [4, "x", 4], [3, "x", 3]]
    assert cells(await workbook(engine, await query("select 1 as a where false"))) == [["a"]]


async def test_what_does_not_fit_is_refused(engine: Engine, query: Query) -> None:
    for sql in ("select range as n from range(1048576)", "select repeat('x', 32768) as s"):
        with pytest.raises(EngineError) as caught:
            await workbook(engine, await query(sql))
        assert (caught.value.code, bool(caught.value.hint)) == ("too_large", True)
    path = await workbook(engine, await query("select range as n from range(1048575)"))
    assert len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()) == 1_048_576


def test_columns_are_lettered_as_in_excel() -> None:
    assert [letters(place) for place in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
