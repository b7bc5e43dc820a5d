"""Nasty CSV files, each with the table it stands for: what people export, not what a standard says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Nasty:
    """A file: `rows` as the API gives them (values in JSON), `types` of some columns, `rejects` lines."""

    name: str
    content: bytes
    labels: list[str]
    rows: list[list[Any]]
    types: dict[str, str] = field(default_factory=dict)
    rejects: list[int] = field(default_factory=list)
    recipe: dict[str, Any] = field(default_factory=dict)


WORDS = {
    "utf-8": ["Köln", "Łódź", "Пермь", "東京"],
    "utf-8-sig": ["Köln", "Łódź", "Пермь", "東京"],
    "utf-16": ["Köln", "Łódź", "Пермь", "東京"],
    "utf-16-le": ["Köln", "Lyon", "Malmö", "Århus"],
    "utf-16-be": ["Köln", "Lyon", "Malmö", "Århus"],
    "cp1252": ["Köln", "Zürich", "São Paulo", "Besançon", "15 € – „gut“"],
    "cp1250": ["Łódź", "Kraków", "Gdańsk", "Příbram", "Győr", "Plzeň"],
    "cp1251": ["Москва", "Казань", "Пермь", "Улица Ленина"],
    "koi8_r": ["Москва", "Казань", "Пермь", "Улица Ленина"],
    "shift_jis": ["東京", "大阪", "さくら", "カタカナ", "渋谷区"],
    "gb18030": ["北京", "上海", "广州", "公司名称", "电话号码"],
    "euc_kr": ["서울", "부산", "한국어", "전화번호"],
}


def encodings() -> Iterator[Nasty]:
    """The same small table in many encodings and with each line end."""
    for encoding, words in WORDS.items():
        for name, end in (("lf", "\n"), ("crlf", "\r\n"), ("cr", "\r")):
            rows: list[list[Any]] = [[n, words[n % len(words)], n * 1.5] for n in range(40)]
            lines = ["id,city,x", *(",".join(map(str, row)) for row in rows)]
            content = (end.join(lines) + end).encode(encoding)
            yield Nasty(f"encoding_{encoding}_{name}", content, ["id", "city", "x"], rows, {"id": "BIGINT"})


def delimiters() -> Iterator[Nasty]:
    """Delimiters, quotes and escapes, also with the delimiter, quotes and line ends inside fields."""
    for name, mark in {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|", "caret": "^", "unit": "\x1f"}.items():
        rows: list[list[Any]] = [[n, f"name {n}", n % 2 == 0] for n in range(30)]
        plain = ["id", "name", "flag"], rows, {"id": "BIGINT", "flag": "BOOLEAN"}
        lines = [mark.join(["id", "name", "flag"]), *(f"{i}{mark}{n}{mark}{str(f).lower()}" for i, n, f in rows)]
        yield Nasty(f"delimiter_{name}", "\n".join(lines).encode(), *plain)
        inside = [[n, f"a{mark}b {n}", True] for n in range(30)]
        lines = [lines[0], *(f'{i}{mark}"{n}"{mark}true' for i, n, _ in inside)]
        yield Nasty(f"delimiter_{name}_inside_quotes", "\n".join(lines).encode(), ["id", "name", "flag"], inside)
        broken = [[n, f"first\nsecond {n}", True] for n in range(30)]
        lines = [lines[0], *(f'{i}{mark}"{n}"{mark}true' for i, n, _ in broken)]
        yield Nasty(f"delimiter_{name}_line_end_inside", "\n".join(lines).encode(), ["id", "name", "flag"], broken)
        said = [[n, f'he said "no" {n}', True] for n in range(30)]
        doubled = [lines[0], *(f'{i}{mark}"he said ""no"" {i}"{mark}true' for i, _, _ in said)]
        yield Nasty(f"quote_{name}_doubled", "\n".join(doubled).encode(), ["id", "name", "flag"], said)
        escaped = [lines[0], *(f'{i}{mark}"he said \\"no\\" {i}"{mark}true' for i, _, _ in said)]
        yield Nasty(f"quote_{name}_escaped", "\n".join(escaped).encode(), ["id", "name", "flag"], said)
        pathed = [[n, f'C:\\temp\\"no" {n}', True] for n in range(30)]
        kept = [lines[0], *(f'{i}{mark}"C:\\temp\\\\\\"no\\" {i}"{mark}true' for i, _, _ in pathed)]
        yield Nasty(f"quote_{name}_escaped_and_backslashes", "\n".join(kept).encode(), ["id", "name", "flag"], pathed)
        bare = [lines[0], *(f'{i}{mark}"he said "no" {i}"{mark}true' for i, _, _ in said)]
        yield Nasty(f"quote_{name}_not_escaped", "\n".join(bare).encode(), ["id", "name", "flag"], said)
        wide = [[n, f'5" wide{mark} {n}', True] for n in range(30)]
        turned = [lines[0], *(f"{i}{mark}'5\"\" wide{mark} {i}'{mark}true" for i, _, _ in wide)]
        yield Nasty(f"quote_{name}_single_and_doubled", "\n".join(turned).encode(), ["id", "name", "flag"], wide)
        single = [lines[0], *(f"{i}{mark}'a{mark}b {i}'{mark}true" for i, _, _ in said)]
        yield Nasty(f"quote_{name}_single", "\n".join(single).encode(), ["id", "name", "flag"], inside)


def columns() -> Iterator[tuple[str, list[str], list[Any], str]]:
    """Columns of texts: name, texts, values, type."""
    days = [f"{n % 28 + 1:02}" for n in range(40)]
    yield "iso_dates", [f"2024-03-{d}" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    yield "day_first", [f"{d}/03/2024" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    yield "month_first", [f"03/{d}/2024" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    yield "dotted_dates", [f"{d}.03.2024" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    yield "short_years", [f"{d}.03.24" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    yield "year_slashes", [f"2024/03/{d}" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    yield "named_months", [f"{int(d)} Mar 2024" for d in days], [f"2024-03-{d}" for d in days], "DATE"
    stamps = [f"2024-03-{d}T10:00:00" for d in days]
    yield "iso_stamps", [s.replace("T", " ") for s in stamps], stamps, "TIMESTAMP"
    yield "day_first_stamps", [f"{d}/03/2024 10:00" for d in days], stamps, "TIMESTAMP"
    yield "clock_times", [f"{int(d) % 24:02}:30" for d in days], [f"{int(d) % 24:02}:30:00" for d in days], "TIME"
    yield "decimal_commas", [f"{d},25" for d in days], [int(d) + 0.25 for d in days], "DOUBLE"
    grouped = [f"{n + 1}.234.567,50" for n in range(40)]
    yield "grouped_commas", grouped, [(n + 1) * 1e6 + 234567.5 for n in range(40)], "DOUBLE"
    yield "thousands", [f"{n + 1},234,567" for n in range(40)], [(n + 1) * 10**6 + 234567 for n in range(40)], "BIGINT"
    apostrophes = [f"{n + 1}'234.5" for n in range(40)]
    yield "apostrophes", apostrophes, [(n + 1) * 1000 + 234.5 for n in range(40)], "DOUBLE"
    yield "dollars", [f"${n}.50" for n in range(40)], [n + 0.5 for n in range(40)], "DOUBLE"
    yield "euros", [f"{n},50 €" for n in range(40)], [n + 0.5 for n in range(40)], "DOUBLE"
    yield "codes_of_money", [f"CHF {n}.50" for n in range(40)], [n + 0.5 for n in range(40)], "DOUBLE"
    yield "percent", [f"{n}%" for n in range(40)], [n / 100 for n in range(40)], "DOUBLE"
    yield "leading_zeros", [f"{n:05}" for n in range(40)], [f"{n:05}" for n in range(40)], "VARCHAR"
    yield "telephones", [f"+4930123{n:04}" for n in range(40)], [f"+4930123{n:04}" for n in range(40)], "VARCHAR"
    huge = [str(2**64 + n) for n in range(40)]
    yield "beyond_64_bits", huge, huge, "DECIMAL(38,0)"
    giant = [str(10**45 + n) for n in range(40)]
    yield "beyond_128_bits", giant, giant, "VARCHAR"
    large = [str(2**60 + n) for n in range(40)]
    yield "beyond_2_to_53", large, large, "BIGINT"
    yield "mixed_large", [*large[:20], *["1.5"] * 20], [*large[:20], *["1.5"] * 20], "VARCHAR"
    yield "yes_no", ["yes", "no"] * 20, [True, False] * 20, "BOOLEAN"
    yield "true_false", ["True", "FALSE"] * 20, [True, False] * 20, "BOOLEAN"
    yield "scientific", [f"{n}e3" for n in range(40)], [n * 1000.0 for n in range(40)], "DOUBLE"
    yield "signs", [f"-{n}" for n in range(40)], [-n for n in range(40)], "BIGINT"
    yield "late_text", [*["1"] * 39, "x"], [*["1"] * 39, "x"], "VARCHAR"
    words = {"na": "NA", "slashed": "N/A", "upper": "NULL", "lower": "null", "nan": "NaN", "none": "None", "dash": "-"}
    for name, word in words.items():
        yield f"null_{name}", [*[str(n) for n in range(39)], word], [*range(39), None], "BIGINT"


def values() -> Iterator[Nasty]:
    """Each column in a file with semicolons, and quoted in one with commas."""
    for name, texts, expected, kind in columns():
        rows = [[f"row {n}", value] for n, value in enumerate(expected)]
        lines = ["key;value", *(f"row {n};{text}" for n, text in enumerate(texts))]
        yield Nasty(f"values_{name}_semicolon", "\n".join(lines).encode(), ["key", "value"], rows, {"value": kind})
        lines = ["key,value", *(f'row {n},"{text}"' for n, text in enumerate(texts))]
        yield Nasty(f"values_{name}_comma", "\n".join(lines).encode(), ["key", "value"], rows, {"value": kind})


def layouts() -> Iterator[Nasty]:
    """What stands around and between the rows."""
    rows: list[list[Any]] = [[n, f"name {n}", n * 0.5] for n in range(1, 31)]
    head, body = "id,name,x\n", "".join(f"{i},{n},{x}\n" for i, n, x in rows)
    names = ["id", "name", "x"]

    def made(name: str, text: str, labels: list[str] = names, table: list[list[Any]] = rows, **more: Any) -> Nasty:
        return Nasty(f"layout_{name}", text.encode(), labels, table, **more)

    yield made("plain", head + body)
    yield made("no_last_line_end", (head + body).rstrip("\n"))
    yield made("blank_lines_at_end", head + body + "\n\n\n")
    yield made("blank_lines_before", "\n\n" + head + body)
    yield made("blank_line_in_the_middle", head + body.replace("9,name 9", "\n9,name 9", 1))
    yield made("title", "Report of the year\n" + head + body)
    yield made("title_and_blank_line", "Report of the year\n\n" + head + body)
    yield made("titles_of_several_lines", "Report\nMade by hand\n2024\n\n" + head + body)
    yield made("title_with_delimiters", "Report,,\n,,\n" + head + body)
    yield made("comments_before", "# made by hand\n# in 2024\n" + head + body)
    yield made("comments_between", head + body.replace("9,name 9", "# a remark\n9,name 9", 1))
    yield made("note_at_the_end", head + body + "\nSource: the office\n")
    yield made("note_with_delimiters", head + body + "Source: the office,,\n")
    yield made("no_header", body, ["column_1", "column_2", "column_3"])
    yield made("two_header_rows", "id,name,x\nno,text,cm\n" + body, ["id no", "name text", "x cm"])
    yield made("another_table_below", head + body + "\nday,sum\n2024-01-01,5\n2024-01-02,6\n2024-01-03,7\n")
    yield made("the_header_again", head + body + head + body)
    yield made("row_names_as_R_writes_them", '"name" "x"\n' + "".join(f'"{i}" "{n}" {x}\n' for i, n, x in rows),
               ["column_1", "name", "x"])  # fmt: skip
    yield made("row_names_and_commas", "name,x\n" + body, ["column_1", "name", "x"])
    yield made("empty_header_name", "id,,x\n" + body, ["id", "column_2", "x"])
    yield made("the_same_name_twice", "id,x,x\n" + body, ["id", "x", "x_2"])
    yield made("spaces_around_names", " id , name , x \n" + body)
    yield made("mixed_line_ends", head + body.replace("\n", "\r\n", 7))
    yield made("trailing_delimiters", head + body.replace("\n", ",\n"))
    yield made(
        "a_row_too_short", head + body.replace("9,name 9,4.5", "9,name 9", 1), table=_with(rows, 8, [9, "name 9", None])
    )
    yield made("a_row_too_long", head + body.replace("9,name 9,4.5", "9,name 9,4.5,,", 1))
    yield made("a_row_of_something_else", head + body + "1,2,3,4,5,6,7\n" + "31,name 31,15.5\n",
               table=[*rows, [31, "name 31", 15.5]], rejects=[32])  # fmt: skip
    yield made(
        "an_open_quote", head + body.replace("9,name 9,", '9,"name 9,', 1), table=_with(rows, 8, [9, '"name 9', 4.5])
    )
    yield made(
        "a_quote_inside", head + body.replace("9,name 9,", '9,name "9",', 1), table=_with(rows, 8, [9, 'name "9"', 4.5])
    )
    yield made("an_open_quote_in_the_header", 'id,"name,x\n' + body, ["id", '"name', "x"])
    yield made("an_open_quote_in_the_title", '"Report of the year\n\n' + head + body)
    yield made(
        "an_empty_field_in_front",
        "id,name,x,note\n"
        + body.replace("\n", ",\n").replace("9,name 9,4.5", ",9,name 9,4.5", 1)
        + "31,name 31,15.5,a note\n",
        ["id", "name", "x", "note"],
        [*([*row, None] for row in rows), [31, "name 31", 15.5, "a note"]],
        types={"id": "BIGINT", "x": "DOUBLE"},
    )
    yield made(
        "a_missing_delimiter_before_a_quote",
        head + body.replace("9,name 9,", '9"name 9, a",', 1),
        table=_with(rows, 8, [9, "name 9, a", 4.5]),
        types={"id": "BIGINT", "x": "DOUBLE"},
    )
    yield made("a_row_with_semicolons", head + body.replace("9,name 9,4.5", "9;name 9;4.5", 1))
    yield made(
        "one_column", "word\n" + "".join(f"w {n}\n" for n in range(30)), ["word"], [[f"w {n}"] for n in range(30)]
    )
    yield made("one_column_of_numbers", "n\n" + "".join(f"{n}\n" for n in range(30)), ["n"], [[n] for n in range(30)])
    prose = [f"Well, this is number {n}" if n % 2 else f"And so, on, it goes {n}" for n in range(30)]
    yield made("one_column_of_prose", "text\n" + "\n".join(prose), ["text"], [[line] for line in prose])
    yield made("header_alone", head, names, [])
    yield made("one_row", head + "1,name 1,0.5\n", names, rows[:1])
    yield made("only_words", "name,city\n" + "".join(f"n{n},c{n}\n" for n in range(20)), ["name", "city"],
               [[f"n{n}", f"c{n}"] for n in range(20)])  # fmt: skip


def _with(rows: list[list[Any]], index: int, row: list[Any]) -> list[list[Any]]:
    return [*rows[:index], row, *rows[index + 1 :]]


def everything() -> list[Nasty]:
    """All of them."""
    return [*encodings(), *delimiters(), *values(), *layouts()]
