"""Tables for people, as HTML and as text. Everything that comes from data is escaped; nothing here needs a dependency.

Colours and type come from the page (JupyterLab's variables with fallbacks); there is no <style>, because an untrusted
notebook would drop it.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from html import escape
from typing import Any

from deita.values import is_number

Head = Sequence[tuple[str, str]]
CUT = 200  # characters of a text in HTML; the whole stands in its title
TEXT_CUT = 40
TITLE_CUT = 2_000
LINE = "1px solid var(--jp-border-color2, #ddd)"
TABLE = "border-collapse:collapse;font-variant-numeric:tabular-nums;text-align:right"  # as JupyterLab has cells anyway
TEXT = "text-align:left;white-space:pre"
DIM = "opacity:.5"


def foot_text(row_count: int, shown: int, elapsed_ms: float | None, *, truncated: bool = False) -> str:
    """What stands below a table: how many rows, how many of them above, how long it took.

    >>> foot_text(336776, 10, 13.6)
    '336,776 rows, the first 10 shown · 14 ms'
    """
    words = f"{row_count:,} row{'' if row_count == 1 else 's'}"
    if truncated:
        words += ", cut by the limit"
    if shown < row_count:
        words += f", the first {shown:,} shown"
    return words if elapsed_ms is None else f"{words} · {duration(elapsed_ms)}"


def duration(ms: float) -> str:
    """Milliseconds below a second, seconds with one decimal above."""
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:,.1f} s"


def cell_text(value: Any) -> str:
    """One JSON value as text: integers with thousands separators nowhere, so that it can be copied; nested as JSON."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def html_table(columns: Head, rows: Sequence[Sequence[Any]], below: str) -> str:
    """An HTML table with a line of text below it. Cells say of their style only what the page would not do by itself:
    a notebook keeps all of it.
    """
    numeric = [is_number(type_name) for _, type_name in columns]
    head = "".join(
        f'<th style="border-bottom:{LINE};text-align:{"right" if right else "left"}" title="{escape(type_name)}">'
        f"{escape(name)}</th>"
        for (name, type_name), right in zip(columns, numeric, strict=True)
    )
    body = "".join(
        f"<tr>{''.join(_html_cell(value, right) for value, right in zip(row, numeric, strict=True))}</tr>"
        for row in rows
    )
    table = (
        f'<table class="deita-table" cellpadding="4" style="{TABLE}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        if columns
        else ""
    )
    foot = f'<div class="deita-foot" style="{DIM}">{escape(below)}</div>'
    return f'<div class="deita-result" style="overflow:auto">{table}{foot}</div>'


def _html_cell(value: Any, right: bool) -> str:
    if value is None:
        return f'<td style="{DIM}">null</td>' if right else f'<td style="{DIM};{TEXT}">null</td>'
    text = cell_text(value)
    if len(text) > CUT:
        return f'<td style="{TEXT}" title="{escape(text[:TITLE_CUT])}">{escape(text[:CUT])}…</td>'
    return f"<td>{escape(text)}</td>" if right else f'<td style="{TEXT}">{escape(text)}</td>'


def text_table(columns: Head, rows: Sequence[Sequence[Any]], below: str) -> str:
    """The same as text, for consoles and for notebooks that show no HTML."""
    if not columns:
        return below
    numeric = [is_number(type_name) for _, type_name in columns]
    cells = [[_cut(name) for name, _ in columns], *([_cut(cell_text(value)) for value in row] for row in rows)]
    widths = [max(_width(row[index]) for row in cells) for index in range(len(columns))]
    lines = [
        "  ".join(_pad(text, width, right) for text, width, right in zip(row, widths, numeric, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "  ".join("─" * width for width in widths), *lines[1:], below])


def _cut(text: str) -> str:
    flat = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text[: TEXT_CUT + 1])
    return flat if len(flat) <= TEXT_CUT else f"{flat[: TEXT_CUT - 1]}…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
