"""What Shift-Tab shows: of a table or a named result its columns, with a sketch of what they hold; of a function how it
is called.

The profile comes from the data plane, which keeps one for each version; where it takes longer than a glance may, the
columns stand without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deita import DeitaError, Result, Table, Workspace
from deita.http import path_of
from deita.profiles import HEAD, Profile, rows_of
from deita.rendering import html_table, text_table

PATIENCE_S = 0.3
SHOWN_COLUMNS = 60
PLAIN_HEAD = HEAD[:2]


def inspected(workspace: Workspace, name: str, results: Mapping[str, Result]) -> dict[str, str] | None:
    """What is known of a name as a MIME bundle; None when it means nothing. Raises DeitaError."""
    named = {key.casefold(): (key, result) for key, result in results.items()}.get(name.casefold())
    if named:
        return _result(workspace, *named)
    try:
        return _table(workspace, workspace.table(name))
    except DeitaError as error:
        if error.code not in ("table_not_found", "bad_name", "not_found"):
            raise
    return _function(workspace, name)


def _table(workspace: Workspace, table: Table) -> dict[str, str]:
    source = table.source.get("file") or ("a query" if table.source.get("receipt") else "")
    below = f"{table.name} · {table.rows:,} rows · version {table.version}" + (f" · from {source}" if source else "")
    columns = [[column.name, column.type] for column in table.columns]
    return _shown(_profile(workspace, path_of("tables", table.name, "profile")), columns, below)


def _result(workspace: Workspace, name: str, result: Result) -> dict[str, str]:
    below = f"{name} · result of {result.row_count:,} rows"
    columns = [[column.name, column.type] for column in result.columns]
    return _shown(_profile(workspace, path_of("queries", result.id, "profile")), columns, below)


def _profile(workspace: Workspace, path: str) -> Profile | None:
    try:
        return Profile(workspace.transport.send("GET", path, patience_s=PATIENCE_S))
    except DeitaError:
        return None


def _shown(profile: Profile | None, columns: list[list[Any]], below: str) -> dict[str, str]:
    head, rows = (HEAD, rows_of(profile)) if profile else (PLAIN_HEAD, columns)
    if len(rows) > SHOWN_COLUMNS:
        below += f" · the first {SHOWN_COLUMNS} of {len(rows)} columns shown"
    rows = rows[:SHOWN_COLUMNS]
    return {"text/plain": text_table(head, rows, below), "text/html": html_table(head, rows, below)}


def _function(workspace: Workspace, name: str) -> dict[str, str] | None:
    for item in workspace.complete(name, len(name))["items"]:
        if item["kind"] == "function" and item["label"].casefold() == name.casefold():
            return {"text/plain": f"{item['label']}{item['detail']}"}
    return None
