"""What the guard sees of a statement that DuckDB gives no tree of: its tokens.

Whatever could be the call of a function must be one of the reviewed list. A word before a parenthesis is none where a
table, an alias or a type stands; keywords (`IN (`, `OVER (`) are none unless the list denies them by name.
"""

from __future__ import annotations

from .places import FILE_LIKE, SCHEMAS, SYSTEM_SCHEMAS, SYSTEM_TABLES
from .reviewed import FUNCTIONS, TABLE_FUNCTIONS, reason_of, refused, refused_function
from .tokens import Token, closing

TABLE_WORDS = frozenset(
    {
        "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "USING", "PIVOT", "PIVOT_WIDER", "UNPIVOT", "PIVOT_LONGER",
        "DESCRIBE", "SUMMARIZE", "VIEW",
    }
)  # fmt: skip
ENDING_WORDS = frozenset(
    {
        "SELECT", "WHERE", "SET", "ON", "GROUP", "ORDER", "VALUES", "WHEN", "HAVING", "LIMIT", "QUALIFY", "RETURNING",
        "WINDOW",
    }
)  # fmt: skip
FUNCTIONS_WITH_FROM = frozenset({"EXTRACT", "TRIM", "SUBSTRING", "OVERLAY"})
NAMING_WORDS = frozenset({"INTO", "UPDATE", "TABLE", "VIEW", "EXISTS", "AS"})
"""What follows these is a table's, a view's or an alias's name, or a type."""
CALLABLE = (
    FUNCTIONS
    | TABLE_FUNCTIONS
    | {"decimal", "numeric", "dec", "varchar", "char", "bpchar", "nvarchar", "text", "bit", "timestamp", "time"}
    | {"float", "array", "list", "union", "enum", "reservoir", "bernoulli", "system"}
)


def judge_tokens(tokens: list[Token]) -> tuple[str, ...]:
    """Refuse functions that are not reviewed, and files in the place of tables; returns the identifiers as possible
    table names.
    """
    names: dict[str, None] = {}
    places = table_places(tokens)
    for place, token in enumerate(tokens):
        if place in places:
            _check_table(tokens, place)
        if not token.is_name:
            continue
        if _text(tokens, place + 1) == "(":
            _check_call(tokens, place)
        if SYSTEM_TABLES.match(token.name) or token.name.lower() in SYSTEM_SCHEMAS:
            raise refused(f"The name {token.name}")
        names[token.name] = None
    return tuple(names)


def _text(tokens: list[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""


def _check_table(tokens: list[Token], place: int) -> None:
    token = tokens[place]
    if token.is_string or (token.text.startswith('"') and FILE_LIKE.search(token.name)):
        raise refused("A file in the place of a table")
    if token.is_name and _text(tokens, place + 1) == "." and token.name.lower() not in SCHEMAS | {"lake"}:
        raise refused(f"A table of {token.name}", "A table here has one name, without a schema.")


def _check_call(tokens: list[Token], place: int) -> None:
    name = tokens[place].name.lower()
    if name in CALLABLE:
        return
    if tokens[place].kind == "keyword" and not tokens[place].text.startswith('"'):
        if reason_of(name):
            raise refused_function(name, FUNCTIONS)
    elif not _is_named(tokens, place):
        raise refused_function(name, FUNCTIONS)


def _is_named(tokens: list[Token], place: int) -> bool:
    """Whether the word before a parenthesis names a table, an alias or a common table expression."""
    start = place
    while _text(tokens, start - 1) == "." and start >= 2:
        start -= 2
    before = tokens[start - 1] if start else None
    if before is None:
        return False
    if start == place and (before.text == ")" or (before.kind == "identifier" and before.text != ".")):
        return True
    if before.word in NAMING_WORDS:
        return True
    after = closing(tokens, place + 1) + 1
    return before.word in ("WITH", "RECURSIVE", ",") and after < len(tokens) and _begins_cte(tokens[after : after + 3])


def _begins_cte(tokens: list[Token]) -> bool:
    words = [token.word for token in tokens]
    return words[:2] in (["AS", "("], ["AS", "MATERIALIZED"], ["USING", "KEY"]) or words[:2] == ["AS", "NOT"]


def table_places(tokens: list[Token]) -> set[int]:
    """Where a table may stand: after FROM and its like, and after each comma of such a list."""
    places = set()
    in_list = [False]
    from_is_a_clause = [True]
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else None
        if token.text == "(":
            in_list.append(bool(before and before.word in TABLE_WORDS))
            from_is_a_clause.append(not (before and before.word in FUNCTIONS_WITH_FROM))
        elif token.text == ")" and len(in_list) > 1:
            in_list.pop()
            from_is_a_clause.pop()
        elif token.word in ENDING_WORDS:
            in_list[-1] = False
        elif token.word in TABLE_WORDS and from_is_a_clause[-1]:
            in_list[-1] = True
        if before and in_list[-1] and (before.word in TABLE_WORDS or before.text in (",", "(")):
            places.add(place)
    return places
