"""DuckDB's exceptions as errors for people: a stable code, the place in the statement, no paths.

The place is taken from the `LINE n:` excerpt and its caret. DuckDB has a machine-readable form (`errors_as_json`),
but it is a setting of each connection and the reader's configuration is locked; the excerpt is there either way.
"""

from __future__ import annotations

import re
from typing import Any

import duckdb

from .bucket_client import unavailable
from .disk import is_full, no_space
from .shapes import EngineError

EXCERPT = re.compile(r"\n*\nLINE (\d+): (.*)\n( *)\^[^\n]*\s*$", re.DOTALL)
SUGGESTION = re.compile(r"\n*(Did you mean:? [^\n]*|Candidate bindings: [^\n]*|Candidate functions:.*)$", re.DOTALL)
MISSING_TABLE = re.compile(r"Table with name ([^\n]+?) does not exist")
QUOTED = re.compile(r'"((?:[^"]|"")+)"')
PATH = re.compile(r"(?<![\w/:.])(?:file://)?/(?:[^/\s'\":,;()]+/)+([^/\s'\":,;()]*)")
QUOTED_PATH = re.compile(r"""(["'])(?:file://)?/(?:[^"'\n/]*/)+([^"'\n/]*)\1""")
MEMORY = re.compile(
    r"out of memory|bad_alloc|failed to allocate|could not allocate|allocation failure|cannot allocate", re.I
)
DISK = re.compile(
    r"no space left|disk (is )?full|quota exceeded|: file too large|disk i/o error|failed to offload"
    r"|max_temp_directory_size",
    re.I,
)
"""SQLite says `disk I/O error` of a quota that is used up, or of a file that may not grow."""
NOT_FOUND, GONE = 404, re.compile(r"'(?:s3|https?)://[^']*/([^'/]+)'")
STORAGE = re.compile(r"\bHTTP (?:GET|HEAD|PUT|POST|DELETE|Error)|\bs3://|Could not establish connection|curl", re.I)
"""What httpfs says when the workspace's bucket does not answer, or not as it should."""
DATABASE = re.compile(
    r"unable to connect to postgres|connection to (the )?server|terminating connection|Postgres"
    r"|server closed the connection|could not (?:send|receive) data|connection not open"
    r"|Failed to execute query \"(?:ROLLBACK|BEGIN)",
    re.I,
)
"""What the PostgreSQL extension says of a database that is away; its words name host and login."""
KINDS = (
    (duckdb.ParserException, "query_syntax"),
    (duckdb.SyntaxException, "query_syntax"),
    (duckdb.BinderException, "query_binding"),
    (duckdb.CatalogException, "query_binding"),
    (duckdb.PermissionException, "not_allowed"),
    (duckdb.OutOfMemoryException, "out_of_memory"),
)
WAYS_ROUND = {
    "no UNIQUE/PRIMARY KEY constraints": "Tables here have no keys: MERGE INTO … ON says which rows are the same.",
}
"""What to do instead of what the lake cannot, by words of DuckDB's message."""
OUT_OF_MEMORY = "The statement needs more memory than this workspace's engine may use."


def from_duckdb(error: BaseException, sql: str = "", *, lines_before: int = 0) -> EngineError:
    """What DuckDB (or Python around it) raised, as an error that may leave the engine.

    `sql` is the text as it was run, `lines_before` how many of its first lines are ours and not the user's.
    """
    text = str(error)
    if getattr(error, "status_code", None) == NOT_FOUND and (gone := GONE.search(text)):
        return EngineError("query_failed", f"{gone[1]} is not in the workspace's storage.", "Restore it from a backup.")
    if _is_storage(error, text):
        return unavailable()
    if isinstance(error, duckdb.Error) and DATABASE.search(text):
        return database_unavailable()
    code = _code(error, text)
    if code == "no_space":
        return no_space()
    if code == "out_of_memory":
        return EngineError(code, OUT_OF_MEMORY, "Ask for fewer rows or columns, or filter first.")
    details = _place(text, sql)
    if "line" in details:
        details["line"] = max(details["line"] - lines_before, 1)
    text = EXCERPT.sub("", text)
    suggestion = SUGGESTION.search(text)
    hint = suggestion.group(1).strip() if suggestion else None
    message = without_paths(_first_part(SUGGESTION.sub("", text))).strip()
    hint = hint or next((way for words, way in WAYS_ROUND.items() if words in message), None)
    missing = MISSING_TABLE.search(message)
    if missing and code == "query_binding":
        code = "table_not_found"
        details["table"] = missing.group(1)
        details["candidates"] = QUOTED.findall(hint or "")
    return EngineError(code, message, hint and without_paths(hint), details)


def _is_storage(error: BaseException, text: str) -> bool:
    return isinstance(error, (duckdb.IOException, duckdb.HTTPException)) and bool(STORAGE.search(text))


def database_unavailable() -> EngineError:
    """The error for a database that does not answer."""
    message = "The workspace's database cannot be reached right now."
    return EngineError("storage_unavailable", message, "Try again in a few seconds.")


def without_paths(text: str) -> str:
    """The text with every absolute path cut to its last part."""
    return PATH.sub(r"\1", QUOTED_PATH.sub(r"\1\2\1", text))


def _code(error: BaseException, text: str) -> str:
    if isinstance(error, MemoryError) or MEMORY.search(text):
        return "out_of_memory"
    if is_full(error) or (DISK.search(text) and not isinstance(error, duckdb.InvalidInputException)):
        return "no_space"
    if isinstance(error, duckdb.InvalidInputException) and "prepared statement" in text:
        return "query_binding"
    return next((code for kind, code in KINDS if isinstance(error, kind)), "query_failed")


def _first_part(text: str) -> str:
    return re.sub(r"^(?:[A-Z][A-Za-z ]{2,30} Error: )+", "", text)


def _place(text: str, sql: str) -> dict[str, Any]:
    found = EXCERPT.search(text)
    if not found:
        if text.endswith("syntax error at end of input"):
            lines = sql.rstrip().splitlines() or [""]
            return {"line": len(lines), "column": len(lines[-1]) + 1}
        return {}
    line, excerpt, indent = int(found.group(1)), found.group(2), len(found.group(3))
    column = indent - len(f"LINE {line}: ")
    if excerpt.startswith("..."):
        lines = sql.splitlines()
        source = lines[line - 1] if line <= len(lines) else ""
        body = excerpt[3:].removesuffix("...")
        start = source.find(body)
        column = column - 3 + max(start, 0)
    return {"line": line, "column": max(column, 0) + 1}
