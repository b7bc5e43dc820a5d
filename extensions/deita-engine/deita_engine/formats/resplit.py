"""A line whose quotes are wrong, cut into as many fields as its table has columns.

Every delimiter of the line may or may not be one, so the cheapest way to cut is searched: a clean field costs nothing,
a stray quote, a quote that opens without closing or two fields without a delimiter between them cost something.
Python's csv and DuckDB's lenient mode decide from left to right instead, and lose the rest of the row (or of the file)
after one stray quote.
"""

from __future__ import annotations

from itertools import islice

from .dialect import Dialect, unescaped

MAX_PIECES = 400
MAX_MERGED = 200
MAX_CLOSINGS = 12
BEAM = 4.0
GLUED, STRAY, HALF, INNER = 0.6, 0.3, 1.0, 0.8


def resplit(text: str, dialect: Dialect, width: int | None) -> tuple[list[str], float] | None:
    """The fields and what they cost; with a `width` only as many fields, otherwise the cheapest cut. None: there is
    none.
    """
    pieces = text.split(dialect.delimiter)
    if len(pieces) > MAX_PIECES or (width is not None and width > 2 * len(pieces)):
        return None
    best: list[dict[int, tuple[float, int, int, tuple[str, ...]]]] = [{} for _ in range(len(pieces) + 1)]
    best[0][0] = (0.0, 0, 0, ())
    for start in range(len(pieces)):
        if not best[start]:
            continue
        most = min(way[0] for way in best[start].values()) + BEAM
        near = [(count, way[0]) for count, way in best[start].items() if way[0] <= most]
        for end, cost, fields in _fields_from(pieces, start, dialect):
            for count, before in near:
                total, there = before + cost, best[end].get(count + len(fields))
                if there is None or total < there[0]:
                    best[end][count + len(fields)] = (total, start, count, fields)
    ends = best[len(pieces)]
    if width is None:
        width = min(ends, key=lambda count: ends[count][0])
    if width not in ends:
        return None
    cost = ends[width][0]
    found: list[str] = []
    at, count = len(pieces), width
    while at:
        _, start, before, fields = best[at][count]
        found[:0] = fields
        at, count = start, before
    return found, cost


Option = tuple[int, float, tuple[str, ...]]


def _fields_from(pieces: list[str], start: int, dialect: Dialect) -> list[Option]:
    """What could begin at a piece: (the piece after it, its cost, its one or two fields)."""
    piece, quote = pieces[start], dialect.quote
    if quote not in piece:
        return [(start + 1, 0.0, (piece,))]
    options: list[Option] = [(start + 1, bare_cost(piece, quote), (piece,))]
    last = min(start + MAX_MERGED, len(pieces))
    closings = (end for end in range(start + 1, last + 1) if pieces[end - 1].endswith(quote))
    for end in islice(closings, MAX_CLOSINGS):
        text = dialect.delimiter.join(pieces[start:end])
        if len(text) < 2:
            continue
        if text.startswith(quote):
            cost = _quoted_cost(text[1:-1], dialect)
            options.append((end, cost, (_inside(text[1:-1], dialect),)))
            options += _two_quoted(text, end, dialect)
            if not cost:  # nothing is wrong with it: longer ones would only swallow its neighbours
                break
        elif (opening := text.find(quote)) < len(text) - 1 and pieces[start].find(quote) == opening:
            inside = text[opening + 1 : -1]
            options.append((end, GLUED + _quoted_cost(inside, dialect), (text[:opening], _inside(inside, dialect))))
    if piece.startswith(quote):
        options += _quoted_then_bare(pieces, start, dialect)
    return options


def bare_cost(piece: str, quote: str) -> float:
    """What is wrong with quotes in a field that is not quoted as a whole: at its edges they look like real ones."""
    if not quote or quote not in piece:
        return 0.0
    return HALF + 0.1 * piece.count(quote) if piece.startswith(quote) or piece.endswith(quote) else 0.1


def _two_quoted(text: str, end: int, dialect: Dialect) -> list[Option]:
    """`"a""b"` as two fields whose delimiter is missing."""
    seam = text.find(dialect.quote * 2, 1)
    found: list[Option] = []
    while 0 < seam < len(text) - 2 and len(found) < 8:
        left, right = text[1:seam], text[seam + 2 : -1]
        cost = GLUED + _quoted_cost(left, dialect) + _quoted_cost(right, dialect)
        found.append((end, cost, (_inside(left, dialect), _inside(right, dialect))))
        seam = text.find(dialect.quote * 2, seam + 1)
    return found


def _quoted_then_bare(pieces: list[str], start: int, dialect: Dialect) -> list[Option]:
    """`"a"b` as two fields whose delimiter is missing."""
    quote = dialect.quote
    for end in range(start + 1, min(start + MAX_MERGED, len(pieces)) + 1):
        last = pieces[end - 1]
        closing = last.rfind(quote)
        if closing > (0 if end == start + 1 else -1) and closing < len(last) - 1:
            text = dialect.delimiter.join([*pieces[start : end - 1], last[: closing + 1]])
            inside = text[1:-1]
            return [(end, GLUED + _quoted_cost(inside, dialect), (_inside(inside, dialect), last[closing + 1 :]))]
    return []


def _quoted_cost(inside: str, dialect: Dialect) -> float:
    """What is wrong inside quotes: single quotes, and those that look like the ends of fields."""
    quote = dialect.quote
    rest = inside
    if dialect.escape and dialect.escape != quote:
        rest = rest.replace(dialect.escape + quote, "")
    elif dialect.escape:
        rest = rest.replace(quote * 2, "")
    if quote not in rest:
        return 0.0
    ends = rest.count(quote + dialect.delimiter) + rest.count(dialect.delimiter + quote)
    return STRAY + 0.05 * rest.count(quote) + INNER * ends


def _inside(text: str, dialect: Dialect) -> str:
    return unescaped(text, dialect)
