"""The time as the API says it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def now() -> str:
    """Return the time in UTC, ISO 8601, to the millisecond."""
    return later(0)


def later(seconds: float) -> str:
    """Return the time that it will be in so many seconds, as `now` does."""
    return iso(datetime.now(UTC) + timedelta(seconds=seconds))


def iso(moment: datetime) -> str:
    """Return a time as `now` does; one without a zone is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
