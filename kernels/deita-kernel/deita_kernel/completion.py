"""What could stand at the cursor: what the data plane knows, and the named results that only this kernel knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from deita import Result

from deita_kernel.names import words_of

_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
_QUALIFIER = re.compile(r"([^\W\d]\w*)\.$")


def with_results(found: Mapping[str, Any], sql: str, results: Mapping[str, Result]) -> list[dict[str, Any]]:
    """The data plane's completions with those of named results before them: `{label, kind, detail}` each."""
    start, end = found["start"], found["end"]
    typed = sql[start:end].strip('"').casefold()
    own = [item for item in _items(sql, start, results) if item["label"].strip('"').casefold().startswith(typed)]
    return [*own, *found["items"]]


def _items(sql: str, start: int, results: Mapping[str, Result]) -> Iterator[dict[str, Any]]:
    qualifier = _QUALIFIER.search(sql[:start])
    named = {qualifier[1].casefold()} if qualifier else words_of(sql)
    for name, result in results.items():
        if name.casefold() in named:
            for column in result.columns:
                label = column.name if _PLAIN.fullmatch(column.name) else '"' + column.name.replace('"', '""') + '"'
                yield {"label": label, "kind": "column", "detail": f"{column.type} · {name}"}
    if not qualifier:
        for name, result in results.items():
            yield {"label": name, "kind": "table", "detail": f"result, {result.row_count:,} rows"}
