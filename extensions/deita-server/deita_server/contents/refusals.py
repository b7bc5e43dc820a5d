"""Our errors in JupyterLab's words: it shows the message of an HTTP error and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from deita_engine.shapes import EngineError
from tornado import web

from deita_server.errors import DeitaError, KnownError, status_of

# Where the hint for programs does not help somebody who looks at a file browser.
HINTS = {"file_exists": "Look at what is there: then upload again to replace it, or choose another name."}


class Refusal(web.HTTPError):
    """An HTTP error whose message is shown as it is."""

    @property
    def log_message(self) -> str | None:
        """What jupyter-server sends; tornado's own doubles each percent sign, and names have some."""
        return self.get_message()


@contextmanager
def refusals() -> Iterator[None]:
    """Turn errors with a code into HTTP errors that say what to do."""
    try:
        yield
    except (DeitaError, EngineError) as error:
        status = status_of(error.code)
        if status == web.HTTPError().status_code:
            raise  # our own fault: it belongs into the log as it is
        raise Refusal(status, _text(error)) from error


def _text(error: KnownError) -> str:
    hint = HINTS.get(error.code, error.hint)
    return f"{error.message} {hint}" if hint else error.message
