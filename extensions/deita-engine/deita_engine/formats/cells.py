"""What kind of value one cell holds: the patterns that detection and types share."""

from __future__ import annotations

import re

NULL_WORDS = ("NA", "N/A", "n/a", "#N/A", "NULL", "null", "NaN", "nan", "None", "-", "--", "?", ".")
WHOLE = re.compile(r"[+-]?\d+")
POINT = re.compile(
    r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
)  # one way to match: a long cell must not cost its square
COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?(?:[eE][+-]?\d+)?")
GROUPED = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
SPACED = re.compile(r"[+-]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d+)?")
MONEY = "$€£¥₹₽₩₺₪฿₫₴₦"
CODES = "USD|EUR|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|PLN|CZK|HUF|AUD|CAD|BRL|TRY|RUB"
AMOUNT = re.compile(rf"([+-]?)\s?([{MONEY}]|{CODES})?\s?([+-]?[\d.,'’\u00a0\u202f ]*\d)\s?([{MONEY}]|{CODES}|%)?")
DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})")
NAMED_DATE = re.compile(r"(?:\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4}|[A-Za-z]{3,9} \d{1,2}, ?\d{4})")
TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?")
ZONE = r"(?:Z|[+-]\d{2}(?::?\d{2})?)"
STAMP = re.compile(rf"(\d{{4}}-\d{{2}}-\d{{2}})[T ]\d{{2}}:\d{{2}}(?::\d{{2}}(?:\.\d{{1,9}})?)?\s?({ZONE})?")
WORDS = frozenset({"true", "false", "yes", "no"})
LINK = re.compile(r"(?:https?|ftp)://\S+|[\w.+-]+@[\w-]+\.[\w.]+", re.IGNORECASE)


def kind(value: str) -> str:
    """number, date, time, boolean, empty, link or text."""
    text = value.strip()
    if not text or text in NULL_WORDS:
        return "empty"
    first = text[0]
    if first.isdigit() or first in "+-.(" or first in MONEY or (len(text) < 24 and text[-1] in "%€$£"):
        if POINT.fullmatch(text) or COMMA.fullmatch(text) or GROUPED.fullmatch(text) or SPACED.fullmatch(text):
            return "number"
        if TIME.fullmatch(text):
            return "time"
        if DATE.fullmatch(text) or STAMP.fullmatch(text) or (DATE.match(text[:10]) and len(text) < 30):
            return "date"
        if len(text) < 32 and AMOUNT.fullmatch(text):
            return "number"
    if text.lower() in WORDS:
        return "boolean"
    if len(text) < 20 and NAMED_DATE.fullmatch(text):
        return "date"
    return "link" if ("@" in text or "://" in text) and LINK.fullmatch(text) else "text"
