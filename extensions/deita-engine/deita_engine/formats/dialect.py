"""How the text of a CSV file is cut into fields, and the cutting of one line."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE = 16 * 1024 * 1024
csv.field_size_limit(MAX_LINE)
SPACES = " \t"


@dataclass(frozen=True)
class Dialect:
    """Delimiter (one or two characters), quote and escape (one each, or none) and comment mark (or none)."""

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    comment: str = ""


class OpenQuoteError(ValueError):
    """The text ends inside quotes: the record may go on in the next line."""


class BadQuoteError(ValueError):
    """A quote stands where none may."""


def split(text: str, dialect: Dialect) -> list[str]:
    """The fields of one record (without its line end) whose quotes are right; raises OpenQuoteError, BadQuoteError."""
    delimiter, quote = dialect.delimiter, dialect.quote
    if not quote or quote not in text:
        return text.split(delimiter)
    if len(delimiter) == 1 and dialect.escape == quote and "\r" not in text and "\n" not in text:
        try:
            return next(csv.reader([text], delimiter=delimiter, quotechar=quote, strict=True))
        except csv.Error as error:
            kind = OpenQuoteError if "end of data" in str(error) else BadQuoteError
            raise kind(str(error)) from None
    return _split_by_pattern(text, dialect)


def _split_by_pattern(text: str, dialect: Dialect) -> list[str]:
    quoted, bare = _patterns(dialect)
    fields, at, step = [], 0, len(dialect.delimiter)
    while True:
        if text.startswith(dialect.quote, at):
            found = quoted.match(text, at)
            if not found:
                raise BadQuoteError("nothing closes the quote")
            if not found[2]:
                raise OpenQuoteError("the text ends inside quotes")
            if found.end() < len(text) and not text.startswith(dialect.delimiter, found.end()):
                raise BadQuoteError("text follows a closing quote")
            fields.append(unescaped(found[1], dialect))
        else:
            found = bare.match(text, at)
            assert found is not None
            fields.append(found[0])
        at = found.end() + step
        if found.end() >= len(text):
            return fields


@lru_cache(32)
def _patterns(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str]]:
    quote, delimiter = re.escape(dialect.quote), re.escape(dialect.delimiter)
    if dialect.escape == dialect.quote:
        inside = f"(?:[^{quote}]|{quote}{quote})*+"
    elif dialect.escape:
        escape = re.escape(dialect.escape)
        inside = f"(?:[^{quote}{escape}]|{escape}.)*+"
    else:
        inside = f"[^{quote}]*+"
    bare = f"[^{delimiter}]*" if len(dialect.delimiter) == 1 else f"(?:(?!{delimiter}).)*"
    return re.compile(f"{quote}({inside})({quote}|$)", re.DOTALL), re.compile(bare, re.DOTALL)


def unescaped(text: str, dialect: Dialect) -> str:
    """The inside of a quoted field as it was meant; an escape before another character stays as it is."""
    quote, escape = dialect.quote, dialect.escape
    if not escape or escape not in text:
        return text
    if escape == quote:
        return text.replace(quote * 2, quote)
    return re.sub(f"{re.escape(escape)}([{re.escape(quote + escape)}])", lambda found: str(found[1]), text)
