"""PEP 249's `:name` as DuckDB's `$name`.

Only names that were given are touched, and only outside of strings, quoted names and comments; `::` is a cast and
`[a:b]` a slice. So a statement without parameters reaches the engine as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from deita.sql_text import opaque_spans

_NAMED = re.compile(r"""(?<![:\w\]"'}])[:$]([A-Za-z_]\w*)""")


def bind(sql: str, parameters: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The statement with `$name` for every `:name` in `parameters`, and those parameters that it uses.

    >>> bind("SELECT ':a', x::DATE WHERE y = :a", {"a": 1, "b": 2})
    ("SELECT ':a', x::DATE WHERE y = $a", {'a': 1})
    """
    if not parameters:
        return sql, {}
    used: dict[str, Any] = {}
    hidden = opaque_spans(sql)

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name not in parameters or any(start <= match.start() < end for start, end in hidden):
            return match[0]
        used[name] = parameters[name]
        return f"${name}"

    return _NAMED.sub(replace, sql), used
