"""Values of `$name` in statements, set by `%set` and kept from cell to cell."""

from __future__ import annotations

import json
import re
from typing import Any

from deita import DeitaError
from deita.sql_text import opaque_spans

KEPT = 100
USAGE = "%set year = 2025, or with a type: %set day DATE = 2025-01-31"
_SETTING = re.compile(r"\$?([^\W\d]\w{0,62})(?:[ \t]+([A-Za-z][\w(), \[\]]*?))?[ \t]*=[ \t]*(.+)")
_USED = re.compile(r"\$([^\W\d]\w*)")


class Values:
    """The values of one kernel, by name regardless of case."""

    def __init__(self) -> None:
        self._values: dict[str, tuple[Any, str | None]] = {}

    def set(self, text: str) -> None:
        """Read `name = value` or `name TYPE = value`: a value is JSON (`2025`, `true`, `"text"`, `[1, 2]`) or else text
        as it stands. Raises DeitaError bad_parameter.
        """
        match = _SETTING.fullmatch(text)
        if match is None:
            raise DeitaError("bad_parameter", "This sets nothing.", USAGE)
        self.assign(match[1], _value(match[3].strip()), match[2])

    def assign(self, name: str, value: Any, kind: str | None = None) -> None:
        """Give a name a value, of a type if it is said. Raises DeitaError bad_parameter when there are too many."""
        if name.casefold() not in self._values and len(self._values) >= KEPT:
            raise DeitaError("bad_parameter", f"There are {KEPT} values already.", "Set one of them anew.")
        self._values[name.casefold()] = value, kind

    def used_in(self, sql: str) -> tuple[dict[str, Any], dict[str, str]]:
        """The values of the `$name`s that occur in a statement, and the types that were said of them."""
        hidden = opaque_spans(sql)
        params: dict[str, Any] = {}
        types: dict[str, str] = {}
        for match in _USED.finditer(sql):
            known = self._values.get(match[1].casefold())
            if known is None or any(start <= match.start() < end for start, end in hidden):
                continue
            params[match[1]] = known[0]
            if known[1]:
                types[match[1]] = known[1]
        return params, types


def _value(written: str) -> Any:
    try:
        return json.loads(written)
    except ValueError:
        return written[1:-1].replace("''", "'") if re.fullmatch(r"'.*'", written) else written
