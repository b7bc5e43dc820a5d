"""The heads of writing statements: which table a statement changes, how, and where the query inside it begins.

DuckDB hands out no tree of these statements, so that their first words are read here; what is not understood is
refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .places import FILE_LIKE
from .reviewed import refused
from .shapes import EngineError
from .tokens import Token, closing

ALTERING = frozenset({"ADD", "DROP", "RENAME", "ALTER"})


@dataclass
class Head:
    """What the first words say; `query_start` and `query_end` are byte offsets of the query inside, if there is one."""

    target: str
    action: str
    query_start: int | None = None
    query_end: int | None = None
    options: set[str] = field(default_factory=set)


class HeadReader:
    """Reads a statement's head, token by token."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens, self.place = tokens, 0

    def word(self) -> str:
        """The next token in capitals."""
        return self.tokens[self.place].word if self.place < len(self.tokens) else ""

    def take(self, *words: str) -> bool:
        """Step over these words if they come next."""
        if [token.word for token in self.tokens[self.place : self.place + len(words)]] == list(words):
            self.place += len(words)
            return True
        return False

    def skip_to(self, *words: str) -> None:
        """Forward to the first of the words outside parentheses."""
        while self.place < len(self.tokens) and self.word() not in words:
            self.place = closing(self.tokens, self.place) + 1 if self.tokens[self.place].text == "(" else self.place + 1

    def at_insert_tail(self) -> bool:
        """Whether RETURNING or ON CONFLICT comes next."""
        ahead = [token.word for token in self.tokens[self.place : self.place + 2]]
        return ahead[:1] == ["RETURNING"] or ahead == ["ON", "CONFLICT"]

    def table(self) -> str:
        """A table's name, its catalog and schema (ours only) before it."""
        parts = [self.name()]
        while self.take("."):
            parts.append(self.name())
        if parts[:-1] not in ([], ["main"], ["lake"], ["lake", "main"]):
            raise refused(f"The table {'.'.join(parts)}")
        if FILE_LIKE.search(parts[-1]):
            raise EngineError("not_allowed", "A table's name may not look like a file.")
        return parts[-1]

    def name(self) -> str:
        """Step over a name; raises EngineError query_syntax when none comes next."""
        if self.place >= len(self.tokens) or not self.tokens[self.place].is_name:
            raise EngineError("query_syntax", "A table's name is missing.")
        self.place += 1
        return self.tokens[self.place - 1].name

    def start(self) -> int | None:
        """Where the next token starts (bytes); None at the end."""
        return self.tokens[self.place].start if self.place < len(self.tokens) else None


def _create(reader: HeadReader) -> Head:
    reader.take("CREATE")
    options = {"replace"} if reader.take("OR", "REPLACE") else set()
    if reader.take("TABLE"):
        action = "create"
    elif reader.take("VIEW"):
        action = "view"
    else:
        raise refused(f"CREATE {reader.word()}")
    if reader.take("IF", "NOT", "EXISTS"):
        options.add("if_not_exists")
    shape = Head(reader.table(), action, options=options)
    if reader.take("AS"):
        shape.query_start = reader.start()
        shape.options.add("as")
    elif action == "view":
        reader.skip_to("AS")
        reader.take("AS")
        shape.query_start = reader.start()
    return shape


def _drop(reader: HeadReader) -> Head:
    reader.take("DROP")
    if reader.take("TABLE"):
        options = {"table"}
    elif reader.take("VIEW"):
        options = {"view"}
    else:
        raise refused(f"DROP {reader.word()}")
    if reader.take("IF", "EXISTS"):
        options.add("if_exists")
    shape = Head(reader.table(), "drop", options=options)
    if reader.word() == ",":
        raise refused("Dropping several tables at once")
    return shape


def _alter(reader: HeadReader) -> Head:
    if reader.take("COMMENT", "ON"):
        return _comment(reader)
    reader.take("ALTER")
    if not (reader.take("TABLE") or reader.take("VIEW")):
        raise refused(f"ALTER {reader.word()}")
    reader.take("IF", "EXISTS")
    shape = Head(reader.table(), "alter")
    if reader.take("RENAME", "TO"):
        return Head(reader.table(), "rename", options={shape.target})
    if any(token.word == "TYPE" for token in reader.tokens[reader.place :]):
        raise EngineError(
            "not_allowed",
            "A column's type cannot be altered.",
            "CREATE OR REPLACE TABLE … AS SELECT with a cast does it.",
        )
    if reader.word() not in ALTERING:
        raise refused(f"ALTER TABLE … {reader.word()}")
    return shape


def _comment(reader: HeadReader) -> Head:
    if reader.take("TABLE") or reader.take("VIEW"):
        return Head(reader.table(), "comment")
    if not reader.take("COLUMN"):
        raise refused(f"COMMENT ON {reader.word()}")
    parts = [reader.name()]
    while reader.take("."):
        parts.append(reader.name())
    return Head(parts[-2] if len(parts) > 1 else "", "comment", options={parts[-1]})


def _insert(reader: HeadReader) -> Head:
    reader.skip_to("INSERT")
    reader.take("INSERT")
    if reader.take("OR"):
        reader.place += 1
    reader.take("INTO")
    shape = Head(reader.table(), "append")
    reader.skip_to("SELECT", "FROM", "VALUES", "WITH", "TABLE", "DEFAULT", "RETURNING", "ON")
    if reader.word() in ("SELECT", "FROM", "VALUES", "WITH", "TABLE"):
        shape.query_start = reader.start()
        while reader.start() is not None and not reader.at_insert_tail():
            reader.skip_to("RETURNING", "ON")
            if not reader.at_insert_tail():
                reader.place += 1
        shape.query_end = reader.start()
    return shape


def _delete(reader: HeadReader) -> Head:
    reader.skip_to("DELETE", "TRUNCATE")
    if reader.take("TRUNCATE"):
        reader.take("TABLE")
    else:
        reader.take("DELETE")
        reader.take("FROM")
    return Head(reader.table(), "write")


def _update(reader: HeadReader) -> Head:
    reader.skip_to("UPDATE")
    reader.take("UPDATE")
    return Head(reader.table(), "write")


def _merge(reader: HeadReader) -> Head:
    reader.skip_to("MERGE")
    reader.take("MERGE", "INTO")
    return Head(reader.table(), "write")


HEADS = {
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": _alter,
    "INSERT": _insert,
    "DELETE": _delete,
    "UPDATE": _update,
    "MERGE_INTO": _merge,
}
