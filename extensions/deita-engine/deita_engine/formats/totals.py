"""Sums and notes at the end of a table that have as many fields as its rows: "Total;;;123", "Stand: 31.12.;;".

One such row turns a column of dates or numbers to text. It is told from a row by what its columns are without it: a
word for a sum in the first cell, with cells left out or the sum of the column; or no cell that suits its column.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_LINES = 3
ROWS_BEFORE_SUM, ROWS_BEFORE_NOTE = 2, 5
FULL = 0.9
WORDS = (
    "total", "totals", "grand total", "sub total", "subtotal", "sum", "overall", "average", "mean", "median",
    "summe", "gesamt", "gesamtsumme", "gesamtergebnis", "insgesamt", "zwischensumme", "durchschnitt", "mittelwert",
    "total général", "totaux", "somme", "ensemble", "moyenne",
    "suma", "total general", "promedio",
    "totale", "totali", "totale complessivo", "somma", "complessivo",
    "totaal", "eindtotaal", "som", "gemiddelde",
    "soma", "total geral", "subtotais",
    "razem", "ogółem", "łącznie", "suma końcowa", "średnia",
)  # fmt: skip
MORE = r"[\s:.=–-]*(?:\([^)]{0,20}\)|[\d./ -]{1,10}|(?-i:[A-Z]{3})|[€$£¥%])?"
SUM = re.compile(rf"(?:{'|'.join(map(re.escape, WORDS))}){MORE}", re.IGNORECASE)
"""One of the words, alone or with a year or a unit: "Total:", "Summe 2024", "Total (EUR)"."""


@dataclass(frozen=True)
class Known:
    """What a column is without the last rows: whether it is text, how many of its cells are filled (0 to 1), the sum
    of its numbers (None when it has none).
    """

    is_text: bool
    filled: float
    total: float | None = None


def is_sum(texts: Sequence[str], numbers: Sequence[float | None], known: Sequence[Known], rows: int) -> bool:
    """Whether a row below `rows` others holds sums; `numbers` are its cells as numbers, None for what is none."""
    at = next((n for n, text in enumerate(texts) if text.strip()), None)
    if at is None or rows < ROWS_BEFORE_SUM or not names_a_sum(texts[at]):
        return False
    if not known[at].is_text or _leaves_out(texts, known):
        return True
    return any(
        number and column.total is not None and math.isclose(number, column.total, rel_tol=1e-6)
        for number, column in zip(numbers, known, strict=True)
    )


def is_note(texts: Sequence[str], fits: Sequence[bool], known: Sequence[Known], rows: int) -> bool:
    """Whether a row below `rows` others leaves half of its cells out and has nothing that suits a column of a type;
    `fits` says of each cell whether it does.
    """
    if rows < ROWS_BEFORE_NOTE or 2 * sum(bool(text.strip()) for text in texts) > len(texts):
        return False
    typed = [n for n, column in enumerate(known) if not column.is_text and texts[n].strip()]
    return bool(typed) and not any(fits[n] for n in typed) and _leaves_out(texts, known)


def _leaves_out(texts: Sequence[str], known: Sequence[Known]) -> bool:
    """Whether a cell is empty in a column that is full."""
    return any(column.filled >= FULL and not text.strip() for column, text in zip(known, texts, strict=True))


def names_a_sum(text: str) -> bool:
    """Whether a cell is a word for a sum."""
    return bool(SUM.fullmatch(text.strip()))
