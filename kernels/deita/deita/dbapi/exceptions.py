"""PEP 249's exceptions, and which of them a Deita error is."""

from __future__ import annotations

from deita.errors import DeitaError


class Warning(Exception):  # the name is PEP 249's
    """Something important that is no error; never raised here, the standard asks for the name."""


class Error(Exception):
    """Base of all errors of the driver. `code` and `details` are Deita's, `__cause__` is the whole DeitaError."""

    code: str | None = None
    details: dict[str, object] = {}


class InterfaceError(Error):
    """The driver was used wrongly: a closed cursor, a fetch before an execute."""


class DatabaseError(Error):
    """Something went wrong on Deita's side."""


class DataError(DatabaseError):
    """A value does not fit."""


class OperationalError(DatabaseError):
    """Not the statement's fault: no server, no memory, no space, too long, cancelled."""


class IntegrityError(DatabaseError):
    """A constraint was broken."""


class InternalError(DatabaseError):
    """The answer makes no sense."""


class ProgrammingError(DatabaseError):
    """The statement is wrong or not allowed."""


class NotSupportedError(DatabaseError):
    """Deita cannot do this."""


_OPERATIONAL = frozenset({"query_timeout", "query_cancelled", "out_of_memory", "no_space", "result_expired"})


def translate(error: DeitaError) -> DatabaseError:
    """The PEP 249 exception for a Deita error, with the same text, code and details."""
    kind = _kind(error)
    translated = kind(str(error))
    translated.code, translated.details = error.code, dict(error.details)
    return translated


def _kind(error: DeitaError) -> type[DatabaseError]:
    if error.code == "query_failed":
        return DataError
    if error.code in ("unexpected_answer", "result_incomplete"):
        return InternalError
    if error.code in _OPERATIONAL or error.status == 0 or error.status >= 500 or error.status in (401, 408, 429):
        return OperationalError
    return ProgrammingError
