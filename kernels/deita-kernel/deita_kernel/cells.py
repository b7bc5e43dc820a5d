"""Run the statements of a cell one after the other. Knows no Jupyter, so it can be tried without a kernel.

The first error ends the cell: what ran before it stays done, as each statement is a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from deita import DeitaError, QueryError, Result, Workspace
from deita.errors import point_at
from deita.sql_text import Statement, line_and_column, statements


class CellError(Exception):
    """A statement of the cell went wrong. `lines` tell what, where in the cell, and what to do; `code` is Deita's."""

    def __init__(self, code: str, lines: list[str]) -> None:
        super().__init__(lines[0])
        self.code = code
        self.lines = lines


def run_cell(workspace: Workspace, text: str) -> Iterator[tuple[Result, bool]]:
    """Yield each statement's result and whether it was the last. Raises CellError."""
    found = statements(text)
    for index, statement in enumerate(found):
        try:
            result = workspace.run(statement.sql, mode="auto")
        except DeitaError as error:
            raise explain(error, text, statement, index, len(found)) from error
        yield result, index == len(found) - 1


def explain(error: DeitaError, text: str, statement: Statement, index: int, count: int) -> CellError:
    """Say where in the cell a statement's error is: the engine counts lines from the statement's beginning."""
    lines = [error.message]
    if isinstance(error, QueryError) and error.line is not None:
        lines += point_at(text, *_place_in_cell(error, text, statement)).splitlines()
    elif count > 1:
        lines.append(f"in statement {index + 1} of {count}, line {line_and_column(text, statement.offset)[0]}")
    if error.hint:
        lines.append(error.hint)
    if index:
        lines.append(f"The {'statement' if index == 1 else f'{index} statements'} before it ran.")
    return CellError(error.code, lines)


def _place_in_cell(error: QueryError, text: str, statement: Statement) -> tuple[int, int | None]:
    first_line, first_column = line_and_column(text, statement.offset)
    line = error.line or 1
    column = error.column
    if line == 1 and column is not None:
        column += first_column - 1
    return first_line + line - 1, column
