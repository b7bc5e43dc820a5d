"""What a SQL kernel remembers from cell to cell, and how a cell runs on it. Knows no Jupyter.

The first error ends the cell: what ran before it stays done, as each statement is a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from deita import DeitaError, Result, Workspace
from deita.queries import Watch, run_query

from deita_kernel.cells import Command, Statement, explain, parts_of
from deita_kernel.controls import Control, control_of
from deita_kernel.display import bundle
from deita_kernel.names import words_of
from deita_kernel.values import Values

KEPT_NAMES = 100
KEPT_WRITES = 100
SENT_NAMES = 20  # as many as the data plane takes
AGAIN = "Run the cell that made it again, then this one."

Bundle = dict[str, Any]


class CellRunner:
    """One kernel's results by name, newest last, its last result, and the values of `$name`s. `show_control` gives the
    MIME bundle of a control.
    """

    def __init__(self, workspace: Workspace, show_control: Callable[[Control], Bundle]) -> None:
        self.workspace, self._show_control = workspace, show_control
        self.results: dict[str, Result] = {}
        self.last: Result | None = None
        self.writes: list[Result] = []
        self.values = Values()

    def run(self, text: str, watch: Watch | None = None) -> Iterator[tuple[Bundle, bool]]:
        """Yield what each part of a cell shows (nothing for `%set`), and whether it was the last; `watch` is told how
        far a long query is. Raises CellError.
        """
        parts = parts_of(text)
        for index, part in enumerate(parts):
            try:
                shown = self._command(part) if isinstance(part, Command) else self._statement(part, watch)
            except DeitaError as error:
                raise explain(self._told(error), text, parts, index) from error
            if shown:
                yield shown, index == len(parts) - 1

    def named_in(self, sql: str) -> dict[str, str]:
        """The ids of the named results whose names occur in a statement."""
        words = words_of(sql)
        found = {name: result.id for name, result in self.results.items() if name.casefold() in words}
        return dict(list(found.items())[-SENT_NAMES:])

    def _statement(self, part: Statement, watch: Watch | None) -> Bundle:
        if part.name:
            self._check(part.name)
        params, types = self.values.used_in(part.sql)
        body = run_query(
            self.workspace.transport,
            part.sql,
            params,
            mode="auto",
            results=self.named_in(part.sql),
            param_types=types,
            watch=watch,
        )
        result = self.last = self.workspace.result(body)
        if result.wrote:
            self.writes = [*self.writes, result][-KEPT_WRITES:]
        if part.name:
            self._remember(part.name, result)
        return bundle(result, self.workspace.transport.base)

    def _command(self, part: Command) -> Bundle | None:
        if part.word == "set":
            self.values.set(part.text)
            return None
        if part.word in ("slider", "choose"):
            return self._show_control(control_of(part.word, part.text))
        if part.word == "undo":
            return self._undo(part.text)
        from deita_kernel.charting import chart, wanted  # not at the start, which most kernels do without it

        asked = wanted(part.text)
        return chart(self._result(asked.result), asked)

    def _undo(self, text: str) -> Bundle:
        """Take back what this kernel wrote last and has not taken back yet."""
        if text:
            raise DeitaError("bad_request", "%undo takes no words.", "It takes back the last statement that wrote.")
        changing = [result for result in self.writes if result.changes and result.changes["version"] is not None]
        if not changing:
            hint = "A table's versions in Explore, or ws.table(…).restore(version=…), bring older rows back."
            raise DeitaError("nothing_to_undo", "Nothing that this kernel wrote is left to take back.", hint)
        told = changing[-1].undo()
        self.writes = changing[:-1]
        return {"text/plain": repr(told)}

    def _result(self, name: str | None) -> Result:
        """The result of a name, or the last one."""
        if name is None:
            if self.last is None or self.last.wrote:
                raise DeitaError("no_result", "There is no result yet.", "Run a SELECT first.")
            return self.last
        for known, result in self.results.items():
            if known.casefold() == name.casefold():
                return result
        hint = f"Write -- @name {name} before the statement that makes it."
        raise DeitaError("no_result", f"No result is called {name}.", hint)

    def _check(self, name: str) -> None:
        """Refuse a name that a table has: nobody could tell which of the two a statement means."""
        try:
            self.workspace.table(name)
        except DeitaError as error:
            if error.code == "table_not_found":
                return
            raise
        raise DeitaError("table_exists", f"There is a table {name}.", "Give the result another name.")

    def _remember(self, name: str, result: Result) -> None:
        if result.wrote:
            message = f"{name} would name a statement that writes; only what reads has a result."
            raise DeitaError("bad_name", message, "It ran. Select from the table that it made.")
        self._forget(name)
        self.results[name] = result
        while len(self.results) > KEPT_NAMES:
            del self.results[next(iter(self.results))]

    def _forget(self, name: str) -> None:
        for known in [known for known in self.results if known.casefold() == name.casefold()]:
            del self.results[known]

    def _told(self, error: DeitaError) -> DeitaError:
        """The error with what to do in a notebook, where it is about a named result."""
        name = error.details.get("result")
        if name is None:
            return error
        if error.code == "table_exists":
            self._forget(name)
            message = f"There is a table {name} now, so that the result of this name is forgotten."
            return DeitaError(error.code, message, "Run the cell again to read the table.")
        return DeitaError(error.code, error.message, AGAIN)
