"""Parameters as values of the types that were asked for, so that DuckDB need not guess from the value alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import duckdb


def typed(params: Mapping[str, Any], types: Mapping[str, str]) -> dict[str, Any]:
    """The parameters, those that `types` names as values of DuckDB's type of that name; names regardless of case.

    The server has read each value as its type; what is none all the same fails when the statement is bound.
    """
    wanted = {name.casefold(): kind for name, kind in types.items()}
    return {
        name: duckdb.Value(value, duckdb.sqltype(kind)) if (kind := wanted.get(name.casefold())) else value
        for name, value in params.items()
    }
