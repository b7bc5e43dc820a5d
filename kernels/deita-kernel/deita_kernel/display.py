"""A result as a notebook shows it: the first rows as a table that stands by itself, and a script that pages to the
rest.

The notebook file keeps the first rows only. The script asks the data plane with the reader's own cookie, at the path
under which the kernel knows it; where that fails (another person, another day, an untrusted notebook) the first rows
remain.
"""

from __future__ import annotations

import json
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import urlsplit

from deita import Result
from deita.rendering import foot_text, html_table, text_table
from deita.values import is_number

STATIC_ROWS = 20


def bundle(result: Result, api: str) -> dict[str, str]:
    """The result's MIME bundle: text/plain always, text/html when there are rows to look at."""
    if result.statement_type == "EXPLAIN":
        return _plan(result)
    if result.change is not None:
        return {"text/plain": result.change}
    rows = result.first_rows[:STATIC_ROWS]
    columns = [(column.name, column.type) for column in result.columns]
    below = foot_text(result.row_count, len(rows), result.elapsed_ms, truncated=result.truncated)
    html = html_table(columns, rows, below)
    if result.row_count > len(rows):
        html = f'<div class="deita-pages">{html}{_script(result, api, len(rows))}</div>'
    return {"text/plain": text_table(columns, rows, below), "text/html": html}


def _plan(result: Result) -> dict[str, str]:
    """A query plan is a drawing made of characters: shown whole, in one width."""
    text = "\n".join(str(row[-1]) for row in result.first_rows)
    return {"text/plain": text, "text/html": f'<pre style="line-height:1.2;overflow:auto">{escape(text)}</pre>'}


def _script(result: Result, api: str, shown: int) -> str:
    facts = {
        "api": urlsplit(api).path.rstrip("/"),
        "id": result.id,
        "rows": result.row_count,
        "size": shown,
        "right": [is_number(column.type) for column in result.columns],
    }
    literal = json.dumps(facts).replace("<", "\\u003c")  # no value may end the script
    return f"<script>({_paging()})({literal})</script>"


@cache
def _paging() -> str:
    return files("deita_kernel").joinpath("paging.js").read_text(encoding="utf-8").strip().removesuffix(";")
