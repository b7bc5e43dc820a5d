"""`python -m deita_hub.reading`: one job on standard input, its answer in frames on standard output, then the end.

Standard input stays open for as long as somebody wants the answer. When it closes, because they gave up or the control
plane was killed, the statement is cancelled at the database and this process ends.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import time
from typing import BinaryIO

import psycopg
from psycopg import Connection

from deita_hub.reading import columns, database, failures
from deita_hub.reading.failures import RefusedError
from deita_hub.reading.frames import Frames, TooManyBytesError
from deita_hub.reading.job import Job

LINE = 4 * 2**20
CANCEL_S = 5.0
UNHEARD = 3
"""The exit code where nobody listens any more."""
MEMORY = 2 * 2**30
SHOWN_COLUMNS, SHOWN_CHARACTERS = 200, 300


class Watch:
    """Waits in a thread for the end of standard input, then cancels what runs and ends the process."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.is_over = False
        self.connection: Connection | None = None
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        self._stream.read()
        self.is_over = True
        try:
            if self.connection is not None and not self.connection.closed:
                self.connection.cancel_safe(timeout=CANCEL_S)
        except psycopg.Error:
            pass  # the connection ends with the process, which the database notices a little later
        os._exit(UNHEARD)


def run(job: Job, frames: Frames, watch: Watch) -> None:
    """Do the job. Raises RefusedError, psycopg.Error, TooManyBytesError."""
    began = time.monotonic()
    with database.connected(job.target, job.seconds) as connection:
        watch.connection = connection
        if job.task == "rows":
            _rows(job, connection, frames)
            return
        if job.task == "test":
            found = database.tested(connection)
            frames.say(b"E", {**found, "elapsed_ms": round((time.monotonic() - began) * 1000)})
            return
        frames.say(b"E", {"items": database.tables(connection)})


def _rows(job: Job, connection: Connection, frames: Frames) -> None:
    text, estimate = database.statement(connection, job)
    described = database.described(connection, text)
    try:
        _described_rows(job, connection, frames, text, described, estimate)
    except psycopg.errors.SyntaxError as error:  # it is a statement, but none that rows can be selected from
        raise database.NO_ROWS from error
    except psycopg.Error as error:
        refused = failures.of(error)
        refused.details.pop("position", None)  # in our statement around it
        raise refused from error


def _described_rows(
    job: Job,
    connection: Connection,
    frames: Frames,
    text: str,
    described: list[columns.Described],
    estimate: int | None,
) -> None:
    moment, version = database.moment(connection), database.version(connection)
    if job.format == "json":
        _first_rows(job, connection, text, described, frames)
        return
    from deita_hub.reading import rows  # imported late: pyarrow takes longer than a test of a connection

    known = database.looked(connection, text, described, job.limit)
    travelling = columns.travelling(described, known)
    shapes = [each.shape() for each in travelling]
    frames.say(b"H", {"columns": shapes, "estimate": estimate, "server_version": version, **moment})
    asked = ", ".join(each.sql for each in travelling)
    whole = f"SELECT {asked} FROM {database.among(text, described, job.limit)}"  # noqa: S608 - parsed as one statement
    count = rows.send(connection, whole, travelling, job.format, frames)
    frames.say(b"E", {"rows": count, "bytes": frames.sent})


def _first_rows(
    job: Job, connection: Connection, text: str, described: list[columns.Described], frames: Frames
) -> None:
    """A few rows as texts, each cut, of the first columns."""
    shown = described[:SHOWN_COLUMNS]
    cut = ", ".join(f"left(c{number}::text, {SHOWN_CHARACTERS})" for number in range(len(shown)))
    found = connection.execute(f"SELECT {cut} FROM {database.among(text, described, job.limit)}".encode())  # noqa: S608
    shapes = [{"name": each.name, "type": each.type} for each in shown]
    frames.say(b"E", {"columns": shapes, "rows": [list(row) for row in found.fetchall()]})


def confine() -> None:
    """No dump of a memory that holds a password, and no more memory than rows in pieces need."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def main() -> None:
    """Run the job that comes in."""
    confine()
    job = Job.of(json.loads(sys.stdin.buffer.readline(LINE)))
    frames = Frames(sys.stdout.buffer, job.most)
    watch = Watch(sys.stdin.buffer)
    try:
        run(job, frames, watch)
    except psycopg.Error as error:
        frames.say(b"F", failures.of(error).body)
    except RefusedError as error:
        frames.say(b"F", error.body)
    except TooManyBytesError:
        message = f"There are more rows than fit into {job.most} bytes."
        hint = "Ask for fewer columns or rows, or import it as a table."
        frames.say(b"F", {"code": "connection_result_too_large", "message": message, "hint": hint, "details": {}})
    except MemoryError:
        message = "The rows need more memory than reading may take."
        frames.say(b"F", {"code": "connection_row_too_large", "message": message, "hint": None, "details": {}})
    sys.stdout.flush()
    # the thread waits for standard input and would hold the interpreter's end up
    os._exit(UNHEARD if watch.is_over else 0)


if __name__ == "__main__":
    main()
