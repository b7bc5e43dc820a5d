from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

Table = Callable[..., Awaitable[Any]]


def written(folder: Path, content: str | bytes) -> Path:
    file = folder / "file"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def lines(*objects: object) -> str:
    return "\n".join(json.dumps(value) for value in objects)


OBJECTS = [
    {"Id": 1, "Name": "Ä", "day": "2024-01-01", "at": "2024-01-01T10:00:00Z", "tags": ["a", "b"], "geo": {"x": 1.5}},
    {"Id": 2, "Name": None, "day": None, "tags": [], "geo": {"x": 2, "y": "z"}},
]


@pytest.mark.parametrize(
    ("content", "format"),
    [
        (json.dumps(OBJECTS), "json"),
        (json.dumps(OBJECTS, indent=2), "json"),
        ("\n\n".join(json.dumps(value, indent=1) for value in OBJECTS), "json"),
        (lines(*OBJECTS), "ndjson"),
        ("\ufeff" + lines(*OBJECTS).replace("\n", "\r\n\r\n"), "ndjson"),
        (json.dumps(OBJECTS, ensure_ascii=False).encode("utf-16"), "json"),
    ],
)
async def test_objects_become_rows_and_what_is_nested_stays_nested(
    table: Table, tmp_path: Path, content: str | bytes, format: str
) -> None:
    loaded = await table(written(tmp_path, content))
    assert loaded.run.recipe["format"] == format
    assert loaded.types == {
        "id": "BIGINT",
        "name": "VARCHAR",
        "day": "DATE",
        "at": "TIMESTAMP WITH TIME ZONE",
        "tags": "VARCHAR[]",
        "geo": "STRUCT(x DOUBLE, y VARCHAR)",
    }
    assert await loaded.rows() == [
        [1, "Ä", "2024-01-01", "2024-01-01T10:00:00Z", ["a", "b"], {"x": 1.5, "y": None}],
        [2, None, None, None, [], {"x": 2.0, "y": "z"}],
    ]
    again = await table(tmp_path / "file", **loaded.run.recipe)
    assert again.run.recipe == loaded.run.recipe


async def test_broken_lines_and_lines_without_an_object_are_rejects(table: Table, tmp_path: Path) -> None:
    loaded = await table(written(tmp_path, '{"a":1}\n\n{"a":2,"b":\n[1,2]\n  \n{"a":3}\nnull\n5\nüber\n{"a":4}'))
    assert (loaded.run.rows, loaded.run.reject_count) == (3, 5)
    assert [(item["line"], item["raw"]) for item in sorted(loaded.rejects, key=lambda item: item["line"])] == [
        (3, '{"a":2,"b":'),
        (4, "[1,2]"),
        (7, "null"),
        (8, "5"),
        (9, "über"),
    ]
    assert await loaded.rows("select sum(a) from t") == [[8]]


async def test_values_of_an_array_that_are_no_objects_are_rejects(table: Table, tmp_path: Path) -> None:
    loaded = await table(written(tmp_path, '[{"a":1}, 5, {"a":2}, null, "x", [1]]'))
    assert (loaded.run.rows, loaded.run.reject_count) == (2, 4)
    assert [item["line"] for item in loaded.rejects] == [2, 4, 5, 6]


async def test_numbers_stay_exact(table: Table, tmp_path: Path) -> None:
    loaded = await table(
        written(
            tmp_path,
            '{"a":1,"b":9007199254740993,"c":12345678901234567890123,"d":1.5,"e":18446744073709551615,"f":0.1,"g":[1e3]}\n'
            '{"a":-2,"b":1,"c":-1,"d":9007199254740993,"e":0,"f":0.12345678901234567}',
        )
    )
    assert loaded.types == {
        "a": "BIGINT",
        "b": "BIGINT",
        "c": "DECIMAL(38,0)",
        "d": "VARCHAR",
        "e": "DECIMAL(38,0)",
        "f": "DOUBLE",
        "g": "JSON",
    }
    assert await loaded.rows("select a, b, c, d, e from t") == [
        [1, "9007199254740993", "12345678901234567890123", "1.5", "18446744073709551615"],
        [-2, 1, -1, "9007199254740993", 0],
    ]


async def test_mixed_values_become_text_and_late_ones_change_the_type(table: Table, tmp_path: Path) -> None:
    many = lines(*({"a": n, "b": n} for n in range(30_000)))
    loaded = await table(written(tmp_path, many + '\n{"a":"x","b":1.5,"c":true}\n{"c":{"d":[1]}}\n'))
    assert loaded.run.rows == 30_002
    assert loaded.types == {"a": "VARCHAR", "b": "DOUBLE", "c": "JSON"}
    assert await loaded.rows("select a, c from t where b = 1.5 or c is not null and b is null") == [
        ["x", "true"],
        [None, '{"d":[1]}'],
    ]


async def test_names_that_differ_in_case_only_are_two_columns(table: Table, tmp_path: Path) -> None:
    loaded = await table(written(tmp_path, '{"a":1,"A":"x","a b":{"k":1,"K":2},"":5}\n{"A":"y"}'))
    assert loaded.run.commit.labels == {"a": "a", "a_2": "A", "a_b": "a b", "column_4": ""}
    assert await loaded.rows() == [[1, "x", '{"k":1,"K":2}', 5], [None, "y", None, None]]


async def test_a_type_in_the_recipe_is_cast_to_and_what_fails_is_a_reject(table: Table, tmp_path: Path) -> None:
    file = written(tmp_path, '{"A b":"1"}\n{"A b":"x"}\n{"A b":null}\n')
    loaded = await table(file, columns={"a_b": "INTEGER"})
    assert (loaded.run.rows, loaded.types) == (2, {"a_b": "INTEGER"})
    assert loaded.rejects == [{"line": 2, "column": "a_b", "raw": '{"a_b":"x"}', "reason": "The value is no INTEGER."}]
    for wrong in ({"columns": {"a_b": "NUMBERS"}}, {"columns": {"z": "INTEGER"}}, {"delimiter": ";"}):
        assert (await table(file, **wrong)).code == "bad_recipe"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("[]", "file_empty"),
        ("[1, 2]", "file_unreadable"),
        ('[{"a":1},{"a":', "file_unreadable"),
        ('[{"a":1}] [', "file_unreadable"),
        ('[{"a":1},{"a":2}', "file_unreadable"),
        ('[{"a":1},', "file_unreadable"),
        ("[{}]", "file_unreadable"),
        ('[{"a":' + "[" * 100_000 + "]" * 100_000 + "}]", "file_unreadable"),
        ('{"a":' * 100_000 + "1" + "}" * 100_000, "file_unreadable"),
        ("[{" + ",".join(f'"k{n}":1' for n in range(3000)) + "}]", "file_unreadable"),
    ],
)
async def test_json_without_rows_or_out_of_bounds_is_refused(
    table: Table, tmp_path: Path, content: str, code: str
) -> None:
    loaded = await table(written(tmp_path, content), **({"format": "json"} if content == "[1, 2]" else {}))
    assert loaded.code == code
    assert str(tmp_path) not in loaded.run.error.message


async def test_a_csv_that_starts_like_json_is_a_csv(table: Table, tmp_path: Path) -> None:
    assert (await table(written(tmp_path, "[id],[name]\n1,x\n"))).run.recipe["format"] == "csv"
    assert (await table(written(tmp_path, "{id},{name}\n1,x\n"))).run.recipe["format"] == "csv"
