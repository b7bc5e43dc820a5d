"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

UNITS = ("kB", "MB", "GB", "TB")
STEPS = ((60, "min"), (3600, "h"), (86400, "day"), (7 * 86400, "week"), (30 * 86400, "month"), (365 * 86400, "year"))


def size(number: int) -> str:
    """Bytes in the unit that reads best: `12.4 MB`."""
    if number < 1000:
        return f"{number} B" if number else "empty"
    value = float(number)
    for unit in UNITS:
        value /= 1000
        if value < 999.5 or unit == UNITS[-1]:
            return f"{value:.1f} {unit}" if value < 100 else f"{value:,.0f} {unit}"
    raise AssertionError("the last unit takes everything")


def ago(moment: datetime | None) -> str:
    """How long ago: `3 min ago`."""
    if moment is None:
        return "never"
    seconds = (datetime.now(UTC) - moment).total_seconds()
    if seconds < 60:
        return "just now"
    length, word = max(step for step in STEPS if step[0] <= seconds)
    count = int(seconds // length)
    plural = "s" if count > 1 and word not in ("min", "h") else ""
    return f"{count} {word}{plural} ago"


def exact(moment: datetime | None) -> str:
    """The moment itself, for hovering: ISO 8601 in UTC."""
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
