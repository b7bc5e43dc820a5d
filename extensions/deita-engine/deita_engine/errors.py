"""DuckDB's exceptions as errors for people: a stable code, the place in the statement, no paths.

The place is taken from the `LINE n:` excerpt and its caret. DuckDB has a machine-readable form (`errors_as_json`),
but it is a setting of each connection and the reader's configuration is locked; the excerpt is there either way.
"""

from __future__ import annotations

import errno
import re
from typing import Any

import duckdb

from .shapes import EngineError

EXCERPT = re.compile(r"\n*\nLINE (\d+): (.*)\n( *)\^[^\n]*\s*$", re.DOTALL)
SUGGESTION = re.compile(r"\n*(Did you mean [^\n]*|Candidate bindings: [^\n]*|Candidate functions:.*)$", re.DOTALL)
MISSING_TABLE = re.compile(r"Table with name ([^\n]+?) does not exist")
QUOTED = re.compile(r'"((?:[^"]|"")+)"')
PATH = re.compile(r"(?<![\w/:.])(?:file://)?/(?:[^/\s'\":,;()]+/)+([^/\s'\":,;()]*)")
MEMORY = re.compile(
    r"out of memory|bad_alloc|failed to allocate|could not allocate|allocation failure|cannot allocate", re.I
)
DISK = re.compile(r"no space left|disk full|failed to offload|max_temp_directory_size", re.I)
KINDS = (
    (duckdb.ParserException, "query_syntax"),
    (duckdb.SyntaxException, "query_syntax"),
    (duckdb.BinderException, "query_binding"),
    (duckdb.CatalogException, "query_binding"),
    (duckdb.PermissionException, "not_allowed"),
    (duckdb.OutOfMemoryException, "out_of_memory"),
)
MESSAGES = {
    "out_of_memory": "The statement needs more memory than this workspace's engine may use.",
    "no_space": "No space is left on the disk.",
}


def from_duckdb(error: BaseException, sql: str = "", *, lines_before: int = 0) -> EngineError:
    """What DuckDB (or Python around it) raised, as an error that may leave the engine.

    `sql` is the text as it was run, `lines_before` how many of its first lines are ours and not the user's.
    """
    text = str(error)
    code = _code(error, text)
    if code in MESSAGES:
        hint = "Ask for fewer rows or columns, or filter first." if code == "out_of_memory" else None
        return EngineError(code, MESSAGES[code], hint)
    details = _place(text, sql)
    if "line" in details:
        details["line"] = max(details["line"] - lines_before, 1)
    text = EXCERPT.sub("", text)
    suggestion = SUGGESTION.search(text)
    hint = suggestion.group(1).strip() if suggestion else None
    message = without_paths(_first_part(SUGGESTION.sub("", text))).strip()
    missing = MISSING_TABLE.search(message)
    if missing and code == "query_binding":
        code = "table_not_found"
        details["table"] = missing.group(1)
        details["candidates"] = QUOTED.findall(hint or "")
    return EngineError(code, message, hint and without_paths(hint), details)


def without_paths(text: str) -> str:
    """The text with every absolute path cut to its last part."""
    return PATH.sub(r"\1", text)


def _code(error: BaseException, text: str) -> str:
    if isinstance(error, MemoryError) or MEMORY.search(text):
        return "out_of_memory"
    if DISK.search(text) or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)):
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
