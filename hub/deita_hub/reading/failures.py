"""What a foreign PostgreSQL says when it refuses, as one of our codes with what to do about it.

What it says itself is passed on in `details.remote`: the person who reads it is allowed to ask that server. libpq's
messages hold host, user and database, never a password. Its reasons for no connection have no SQLSTATE and are told
apart by their English words; in another language they are all `connection_failed`, with the words.
"""

from __future__ import annotations

from typing import Any

import psycopg

SHOWN = 1000
SELECT_ONLY = "Ask for rows with SELECT, VALUES, TABLE or WITH; a connection only reads."
OTHER = ("connection_query_failed", "The database could not answer this.", "Its own words are in `details.remote`.")
BY_STATE: dict[str, tuple[str, str, str | None]] = {
    "28P01": ("connection_login_refused", "The database does not know this user and password.", "Enter them again."),
    "28000": (
        "connection_login_refused",
        "The database does not let this user in from here.",
        "Its pg_hba.conf has to name Deita's address, or wants TLS: see `sslmode`.",
    ),
    "3D000": ("connection_no_database", "There is no such database on this server.", "Check its name."),
    "42501": (
        "connection_denied",
        "The connection's user may not read this.",
        "Grant it there: GRANT SELECT ON … TO …; and USAGE on the schema.",
    ),
    "42P01": ("connection_table_not_found", "There is no such table.", "Name it with its schema: public.orders."),
    "3F000": ("connection_table_not_found", "There is no such schema.", "The list of tables names them all."),
    "25006": ("connection_read_only", "This would change the database, and a connection only reads.", SELECT_ONLY),
    "0A000": ("connection_read_only", "This is not a statement that a connection can read.", SELECT_ONLY),
    "57014": (
        "connection_timeout",
        "The database took too long and was told to stop.",
        "Ask for less, or read it in parts: WHERE on an indexed column.",
    ),
    "55P03": ("connection_timeout", "Somebody holds a lock on this in the database.", "Try again later."),
    "53300": ("connection_busy", "The database has no connection left.", "Try again later, or raise its limit."),
}
BY_CLASS: dict[str, tuple[str, str, str | None]] = {
    "42": ("connection_query_refused", "The database does not understand this statement.", None),
    "08": ("connection_lost", "The connection to the database was lost.", "Try again."),
    "57": ("connection_lost", "The database ended the connection.", "Try again."),
}
BY_WORDS: tuple[tuple[tuple[str, ...], tuple[str, str, str | None]], ...] = (
    (("password authentication failed", "no password supplied"), BY_STATE["28P01"]),
    (("no pg_hba.conf entry", "is not permitted to log in", 'role "'), BY_STATE["28000"]),
    (("permission denied",), BY_STATE["42501"]),
    (('database "',), BY_STATE["3D000"]),
    (("too many connections", "too many clients", "remaining connection slots"), BY_STATE["53300"]),
    (
        ("SSL", "certificate", "TLS"),
        (
            "connection_tls",
            "No encrypted connection can be made.",
            "`sslmode` says what is asked for: `prefer` and `disable` do without; `verify-full` wants a certificate "
            "for this host from a known authority, or from the one in `ca`.",
        ),
    ),
    (
        ("could not translate", "refused", "timeout expired", "No route", "unreachable", "timed out", "No such file"),
        (
            "connection_unreachable",
            "The database cannot be reached.",
            "Check host and port, and that a firewall lets Deita's machine through.",
        ),
    ),
)


class RefusedError(Exception):
    """Why there are no rows: the fields of an error."""

    def __init__(self, code: str, message: str, hint: str | None = None, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.hint, self.details = code, message, hint, details or {}

    @property
    def body(self) -> dict[str, Any]:
        """The fields, as they are told."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}


def of(error: psycopg.Error) -> RefusedError:
    """The refusal that an error of the database is."""
    state, said = error.sqlstate or "", (error.diag.message_primary or str(error)).strip()[:SHOWN]
    code, message, hint = BY_STATE.get(state) or BY_CLASS.get(state[:2]) or (OTHER if state else _by_words(said))
    details: dict[str, Any] = {"remote": said}
    if state:
        details["sqlstate"] = state
    if place := error.diag.statement_position:
        details["position"] = int(place)
    shown = f"{message[:-1]}: {said}" if code in ("connection_query_refused", "connection_query_failed") else message
    return RefusedError(code, shown, error.diag.message_hint or hint, details)


def _by_words(said: str) -> tuple[str, str, str | None]:
    for words, found in BY_WORDS:
        if any(word in said for word in words):
            return found
    return "connection_failed", "No connection to the database can be made.", "Its own words are in `details.remote`."
