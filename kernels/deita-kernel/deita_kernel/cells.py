"""What a cell holds: statements of SQL, each perhaps with a name for its result, and commands between them.

Knows no Jupyter and no workspace. A command (`%chart …`) is a line of its own that begins with `%` and a word that this
kernel knows, so that `%` between numbers stays SQL; it ends the statement before it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from deita.errors import DeitaError, QueryError, point_at
from deita.sql_text import line_and_column, spans, statements

COMMANDS = ("chart", "set", "slider", "choose", "undo")
NAME = re.compile(r"[^\W\d]\w{0,62}")
_NAMING = re.compile(r"^[ \t;]*--[ \t]*@name\b[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_COMMAND = re.compile(rf"^[ \t]*%({'|'.join(COMMANDS)})\b(.*)$", re.MULTILINE)


class CellError(Exception):
    """A part of the cell went wrong. `lines` tell what, where in the cell, and what to do; `code` is Deita's."""

    def __init__(self, code: str, lines: list[str]) -> None:
        super().__init__(lines[0])
        self.code = code
        self.lines = lines


@dataclass(frozen=True)
class Statement:
    """A statement; `offset` is where it begins in the cell, `name` what its result is to be called."""

    sql: str
    offset: int
    name: str | None = None


@dataclass(frozen=True)
class Command:
    """A line such as `%chart bar x=month y=revenue`: the word, and what follows it."""

    word: str
    text: str
    offset: int


Part = Statement | Command


def parts_of(text: str) -> list[Part]:
    """The parts of a cell, in order. Raises CellError bad_name.

    >>> parts_of("-- @name n\\nSELECT 1\\n%chart bar")[0].name
    'n'
    """
    commands = _commands(text)
    only_sql = text
    for command in commands:  # a semicolon in its place: every character keeps its offset
        end = _line_end(text, command.offset)
        only_sql = only_sql[: command.offset] + ";".ljust(end - command.offset) + only_sql[end:]
    found: list[Part] = list(commands)
    before = 0
    for statement in statements(only_sql):
        name = _name_in(only_sql[before : statement.offset], text, before)
        found.append(Statement(statement.sql, statement.offset, name))
        before = statement.offset + len(statement.sql)
    return sorted(found, key=lambda part: part.offset)


def explain(error: DeitaError, text: str, parts: list[Part], index: int) -> CellError:
    """Say where in the cell a part's error is: the engine counts lines from the statement's beginning."""
    lines = [error.message]
    part, place = parts[index], line_and_column(text, parts[index].offset)
    if isinstance(error, QueryError) and error.line is not None:
        lines += point_at(text, *_place_in_cell(error, place)).splitlines()
    elif len(parts) > 1:
        kind = f"%{part.word}" if isinstance(part, Command) else f"statement {_number(parts, index)} of {_count(parts)}"
        lines.append(f"in {kind}, line {place[0]}")
    if error.hint:
        lines.append(error.hint)
    if before := _number(parts, index) - isinstance(part, Statement):
        lines.append(f"The {'statement' if before == 1 else f'{before} statements'} before it ran.")
    return CellError(error.code, lines)


def _commands(text: str) -> list[Command]:
    hidden = [(span.start, span.end) for span in spans(text)]
    return [
        Command(match[1], match[2].strip(), match.start())
        for match in _COMMAND.finditer(text)
        if not any(start <= match.start() < end for start, end in hidden)
    ]


def _line_end(text: str, offset: int) -> int:
    newline = text.find("\n", offset)
    return len(text) if newline < 0 else newline


def _name_in(lead: str, text: str, offset: int) -> str | None:
    """The name in the comments before a statement; the last one counts."""
    found = None
    for match in _NAMING.finditer(lead):
        if not NAME.fullmatch(match[1]):
            line = line_and_column(text, offset + match.start(1))[0]
            hint = "A name is of letters, digits and _, and begins with none of the digits: -- @name late_flights"
            raise CellError("bad_name", [f"{match[1] or 'Nothing'} is no name for a result.", f"line {line}", hint])
        found = match[1]
    return found


def _place_in_cell(error: QueryError, first: tuple[int, int]) -> tuple[int, int | None]:
    line, column = error.line or 1, error.column
    if line == 1 and column is not None:
        column += first[1] - 1
    return first[0] + line - 1, column


def _number(parts: list[Part], index: int) -> int:
    """How many statements there are up to a part, itself included."""
    return sum(isinstance(part, Statement) for part in parts[: index + 1])


def _count(parts: list[Part]) -> int:
    return _number(parts, len(parts) - 1)
