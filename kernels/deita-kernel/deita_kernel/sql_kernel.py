"""The Deita SQL kernel: a cell is SQL, and the data plane does the work.

It holds no data and no engine, and imports neither pandas nor pyarrow: results are rendered from the first rows that
the data plane sends along. Cells run in the main thread, so that an interrupt arrives as KeyboardInterrupt in the
very wait that it should end; the client then cancels the query before anything else happens.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

import deita
from deita import DeitaError, Workspace
from deita.rendering import html_table, text_table
from deita.sql_text import is_open, statements
from ipykernel import kernel_protocol_version
from ipykernel.kernelbase import Kernel

from deita_kernel import __version__
from deita_kernel.cells import CellError, run_cell
from deita_kernel.display import bundle

BANNER = """Deita SQL: a cell is SQL. End statements with ; to run several.
Tab completes tables and columns, Shift-Tab on a table shows its columns, Stop cancels for real."""
GONE = "The workspace's server is not there. Open the workspace again, then restart this kernel and run the cell."
EXPIRED = "This kernel's way to the data has ended. Restart the kernel, then run the cell."
_WORD = re.compile(r'"((?:[^"]|"")+)"|([^\W\d]\w*)')


class DeitaSQLKernel(Kernel):
    """One kernel is one class: execute, complete, inspect, is_complete."""

    implementation = "deita-sql"
    implementation_version = __version__
    banner = BANNER
    language_info: ClassVar[dict[str, Any]] = {
        "name": "sql",
        "mimetype": "text/x-sql",
        "file_extension": ".sql",
        "codemirror_mode": "sql",
        "pygments_lexer": "sql",
    }

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of this kernel's server."""
        return deita.workspace()

    @property
    def kernel_info(self) -> dict[str, Any]:
        """What the kernel is. The base class would import a Python debugger to say that it has one."""
        return {
            "protocol_version": kernel_protocol_version,
            "implementation": self.implementation,
            "implementation_version": self.implementation_version,
            "language_info": self.language_info,
            "banner": self.banner,
            "help_links": self.help_links,
            "supported_features": ["kernel subshells"] if self._supports_kernel_subshells else [],
        }

    async def do_execute(
        self,
        code: str,
        silent: bool,
        store_history: bool = True,
        user_expressions: dict[str, Any] | None = None,
        allow_stdin: bool = False,
        *,
        cell_meta: dict[str, Any] | None = None,
        cell_id: str | None = None,
    ) -> dict[str, Any]:
        """Run a cell, show each result, answer with ok or with what went wrong."""
        try:
            for result, last in run_cell(self.workspace, code):
                if not silent:
                    self._show(bundle(result, self.workspace.transport.base), last=last)
        except KeyboardInterrupt:
            return self._fail("Cancelled", ["The query was cancelled."])
        except CellError as error:
            return self._fail(error.code, _advice(error.code, error.lines))
        except DeitaError as error:
            return self._fail(error.code, _advice(error.code, str(error).splitlines()))
        return {"status": "ok", "execution_count": self.execution_count, "payload": [], "user_expressions": {}}

    async def do_complete(self, code: str, cursor_pos: int | None) -> dict[str, Any]:
        """Keywords, tables and columns that could stand at the cursor, as the data plane knows them."""
        position = len(code) if cursor_pos is None else cursor_pos
        try:
            found = self.workspace.complete(code, position)
        except DeitaError as error:
            self.log.debug("No completions: %s", error.code)
            return _completions([], position, position)
        return _completions(found["items"], found["start"], found["end"])

    async def do_inspect(
        self, code: str, cursor_pos: int | None, detail_level: int = 0, omit_sections: Sequence[str] = ()
    ) -> dict[str, Any]:
        """The columns of the table whose name is at the cursor."""
        name = _name_at(code, len(code) if cursor_pos is None else cursor_pos)
        try:
            table = self.workspace.table(name) if name else None
        except DeitaError as error:
            self.log.debug("Nothing to inspect: %s", error.code)
            table = None
        if table is None:
            return {"status": "ok", "found": False, "data": {}, "metadata": {}}
        rows = [[column.name, column.type] for column in table.columns]
        head = [("column", "VARCHAR"), ("type", "VARCHAR")]
        below = f"{table.name}: {table.rows:,} rows, version {table.version}"
        data = {"text/plain": text_table(head, rows, below), "text/html": html_table(head, rows, below)}
        return {"status": "ok", "found": True, "data": data, "metadata": {}}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """A console sends what ends with a semicolon; a blank line sends the rest, open strings and comments wait."""
        if is_open(code):
            return {"status": "incomplete", "indent": ""}
        done = not statements(code) or code.rstrip().endswith(";") or code.endswith("\n")
        return {"status": "complete"} if done else {"status": "incomplete", "indent": ""}

    def _show(self, data: dict[str, str], *, last: bool) -> None:
        content: dict[str, Any] = {"data": data, "metadata": {}}
        if last:
            content["execution_count"] = self.execution_count
        else:
            content["transient"] = {}
        self.send_response(self.iopub_socket, "execute_result" if last else "display_data", content)

    def _fail(self, name: str, lines: list[str]) -> dict[str, Any]:
        error = {"ename": name, "evalue": lines[0], "traceback": [*lines]}
        self.send_response(self.iopub_socket, "error", error)
        return {"status": "error", "execution_count": self.execution_count, **error}


def _advice(code: str, lines: list[str]) -> list[str]:
    """What to do, where only the kernel knows it."""
    if code in ("server_unreachable", "server_stopped"):
        return [lines[0], GONE]
    if code == "unauthorized":
        return [EXPIRED]
    return lines


def _completions(items: list[dict[str, Any]], start: int, end: int) -> dict[str, Any]:
    typed = [
        {
            "text": item["label"],
            "type": item["kind"],
            "signature": item.get("detail") or "",
            "start": start,
            "end": end,
        }
        for item in items
    ]
    return {
        "status": "ok",
        "matches": [item["label"] for item in items],
        "cursor_start": start,
        "cursor_end": end,
        "metadata": {"_jupyter_types_experimental": typed},
    }


def _name_at(code: str, position: int) -> str | None:
    for match in _WORD.finditer(code):
        if match.start() <= position <= match.end():
            return match[1].replace('""', '"') if match[1] else match[2]
    return None
