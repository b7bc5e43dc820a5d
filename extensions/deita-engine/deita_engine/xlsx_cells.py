"""The cells of a workbook as SQL: what writes each type's values as XML.

What Excel cannot hold as a number or a date without changing it is text: numbers of more than 15 digits, NaN and
infinity, days before March 1900 (it takes 1900 for a leap year) or after 9999.
"""

from __future__ import annotations

from .catalog import quoted

MAX_CHARACTERS = 32_767
EXACT = 999_999_999_999_999
FORMULA = "^[=+\\-@\t\r]"
BARE = "[\\x00-\\x08\\x0B-\\x1F\\x{FFFE}\\x{FFFF}]"
"""Characters that XML does not have, or that it changes (CR): Excel writes them as `_x000D_`."""
ESCAPED = "_(x[0-9A-Fa-f]{4}_)"
TOO_LONG = "deita: a text is too long for a cell"
GENERAL, DATE, MOMENT, CLOCK, BOLD = range(5)
"""Styles, by their place in the workbook's list."""
WIDTHS = {DATE: 12, MOMENT: 20}
INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
NESTED = ("STRUCT", "MAP", "UNION")


def letters(place: int) -> str:
    """The name of a column: `A` for 0, `Z`, `AA`…

    >>> letters(0), letters(25), letters(26), letters(16_383)
    ('A', 'Z', 'AA', 'XFD')
    """
    name, place = "", place + 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


def reference(column: str, row: str) -> str:
    """SQL of how a cell begins, where `row` holds the number of its row."""
    return f"'<c r=\"{column}' || {row} || '\"'"


def style_of(kind: str) -> int:
    """The style of a type's values."""
    if kind == "DATE":
        return DATE
    if kind.startswith("TIMESTAMP"):
        return MOMENT
    return CLOCK if kind == "TIME" else GENERAL


def cell(column: str, kind: str, begin: str, *, raw: bool) -> str:
    """SQL that writes the cell of a column of DuckDB's type `kind`; nothing for null."""
    name = quoted(column)
    number = _number(name, kind)
    if kind == "BOOLEAN":
        written = f"{begin} || ' t=\"b\"><v>' || {name}::INT || '</v></c>'"
    elif number is None:
        written = _text(begin, _shown(name, kind), raw=raw or kind == "BLOB")
    else:
        value, held = number
        styled = f' s="{style_of(kind)}"' if style_of(kind) else ""
        plain = _plain(begin, f"{name}::VARCHAR")
        written = _either(held, f"{begin} || '{styled}><v>' || {value} || '</v></c>'", plain)
    return f"CASE WHEN {name} IS NULL THEN '' ELSE {written} END"


def _number(name: str, kind: str) -> tuple[str, str] | None:
    """What a value is as a number of Excel's, and the condition that Excel can hold it so; None for other types."""
    if kind in INTEGERS:
        return name, f"{name} BETWEEN -{EXACT} AND {EXACT}"
    if kind.startswith("DECIMAL"):
        return name, f"length(ltrim(regexp_replace({name}::VARCHAR, '[-.]', '', 'g'), '0')) <= 15"
    if kind in ("DOUBLE", "FLOAT"):
        return name, f"isfinite({name})"
    if kind == "DATE":
        return f"({name} - DATE '1899-12-30')", f"{name} BETWEEN DATE '1900-03-01' AND DATE '9999-12-31'"
    if kind.startswith("TIMESTAMP"):
        held = f"{name} >= '1900-03-01'::{kind} AND {name} < '9999-12-31'::{kind}"
        moment = name if kind.endswith("ZONE") else f"{name}::TIMESTAMP"
        return f"(epoch_us({moment}) / 86400e6 + 25569)", held
    return (f"(epoch_us({name}) / 86400e6)", "true") if kind == "TIME" else None


def _shown(name: str, kind: str) -> str:
    """A value without a number as text."""
    if kind == "BLOB":
        return f"base64({name})"
    if kind.endswith("]") or kind.startswith(NESTED):
        return f"to_json({name})::VARCHAR"
    return name if kind == "VARCHAR" else f"{name}::VARCHAR"


def _text(begin: str, value: str, *, raw: bool) -> str:
    """A cell of any text, after a ' where a spreadsheet would run it."""
    if not raw:
        value = f"CASE WHEN regexp_matches({value}, '{FORMULA}') THEN '''' || {value} ELSE {value} END"
    escaped = f"replace(replace(replace({value}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
    kept = f"regexp_replace({escaped}, '{ESCAPED}', '_x005F_\\1', 'g')"
    code = "'_x' || lpad(to_hex(unicode(c)), 4, '0') || '_'"
    either = _either(f"regexp_matches(c, '{BARE}')", code, "c")
    rare = f"array_to_string(list_transform(string_split({kept}, ''), lambda c: {either}), '')"
    written = _either(f"regexp_matches({value}, '{BARE}|{ESCAPED}')", rare, escaped)
    return _plain(begin, _either(f"length({value}) > {MAX_CHARACTERS}", f"error('{TOO_LONG}')", written))


def _plain(begin: str, value: str) -> str:
    """A cell of text that is XML already."""
    return f"{begin} || ' t=\"inlineStr\"><is><t xml:space=\"preserve\">' || {value} || '</t></is></c>'"


def _either(condition: str, then: str, otherwise: str) -> str:
    return f"CASE WHEN {condition} THEN {then} ELSE {otherwise} END"
