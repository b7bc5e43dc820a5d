"""The Deita SQL kernel: a cell is SQL, and the data plane does the work.

It holds no data and no engine, and imports neither pandas nor pyarrow: results are rendered from the first rows that
the data plane sends along. Cells run in the main thread, so that an interrupt arrives as KeyboardInterrupt in the
very wait that it should end; the client then cancels the query before anything else happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import deita
from deita import DeitaError, Workspace
from deita.sql_text import is_open, statements
from ipykernel import kernel_protocol_version
from ipykernel.kernelbase import Kernel

from deita_kernel import __version__
from deita_kernel.cells import CellError
from deita_kernel.completion import with_results
from deita_kernel.inspection import inspected
from deita_kernel.names import name_at
from deita_kernel.progress import Progress
from deita_kernel.runner import CellRunner

if TYPE_CHECKING:
    from deita_kernel.controls import Control
    from deita_kernel.widgets import Widgets

BANNER = """Deita SQL: a cell is SQL. End statements with ; to run several.
Tab completes, Shift-Tab on a table shows what it holds, Stop cancels for real. `-- @name late` before a statement
names its result for later cells, `%chart bar x=month y=revenue` draws the last one, `%set year = 2025` sets $year,
`%undo` takes back what was written last."""
GONE = "The workspace's server is not there. Open the workspace again, then restart this kernel and run the cell."
EXPIRED = "This kernel's way to the data has ended. Restart the kernel, then run the cell."


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

    @cached_property
    def runner(self) -> CellRunner:
        """What runs cells and remembers their named results."""
        return CellRunner(self.workspace, self._show_control)

    @cached_property
    def widgets(self) -> Widgets:
        """What shows controls; made for the first of them."""
        from deita_kernel.widgets import Widgets  # ipywidgets: not for cells that do without it

        return Widgets(self, self.runner.values.assign)

    def _show_control(self, control: Control) -> dict[str, Any]:
        return self.widgets.show(control)

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
        progress = Progress(self._send)
        try:
            # an execution without stdin has nobody who looks at it, and should give the same outputs each time
            for data, last in self.runner.run(code, progress.watch if allow_stdin and not silent else None):
                if progress.is_shown:
                    progress.become(data)
                elif not silent:
                    self._show(data, last=last)
        except KeyboardInterrupt:
            progress.stop("Cancelled")
            return self._fail("Cancelled", ["The query was cancelled."])
        except CellError as error:
            progress.stop("Failed")
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
        items = with_results(found, code, self.runner.results)
        return _completions(items, found["start"], found["end"])

    async def do_inspect(
        self, code: str, cursor_pos: int | None, detail_level: int = 0, omit_sections: Sequence[str] = ()
    ) -> dict[str, Any]:
        """What the table, result or function is whose name is at the cursor."""
        name = name_at(code, len(code) if cursor_pos is None else cursor_pos)
        try:
            data = inspected(self.workspace, name, self.runner.results) if name else None
        except DeitaError as error:
            self.log.debug("Nothing to inspect: %s", error.code)
            data = None
        return {"status": "ok", "found": data is not None, "data": data or {}, "metadata": {}}

    async def do_is_complete(self, code: str) -> dict[str, Any]:
        """A console sends what ends with a semicolon; a blank line sends the rest, open strings and comments wait."""
        if is_open(code):
            return {"status": "incomplete", "indent": ""}
        done = not statements(code) or code.rstrip().endswith(";") or code.endswith("\n")
        return {"status": "complete"} if done else {"status": "incomplete", "indent": ""}

    def _show(self, data: dict[str, Any], *, last: bool) -> None:
        content: dict[str, Any] = {"data": data, "metadata": {}}
        if last:
            content["execution_count"] = self.execution_count
        else:
            content["transient"] = {}
        self._send("execute_result" if last else "display_data", content)

    def _send(self, kind: str, content: dict[str, Any]) -> None:
        self.send_response(self.iopub_socket, kind, content)

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
