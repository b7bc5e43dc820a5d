"""PostgreSQL's own programs: the ones of the server's version where they are installed, because an older `pg_dump`
refuses a newer server, and a newer `pg_restore` says what an older server does not know.

The login travels in the environment of the program and not in its command line, which others can read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from deita_hub import database_urls
from deita_hub.backing_up.errors import BackupError

DEBIANS = Path("/usr/lib/postgresql")
"""Where Debian has the programs of each version, beside the PATH."""
MOST_LINES = 5


def program(name: str, major: int | None = None) -> str:
    """The path of `name`, best of PostgreSQL `major`, otherwise of the newest there is. Raises BackupError."""
    found = sorted(DEBIANS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    same = [path for path in found if path.parts[-3] == str(major)]
    path = str((same or found)[-1]) if found else shutil.which(name)
    if path is None:
        package = "postgresql" if name in ("initdb", "pg_ctl") else "postgresql-client"
        raise BackupError(f"{name} is not here: install the package `{package}` of your system.")
    return path


def run(url: str, path: str, *words: str) -> None:
    """Run a program against the database at `url`. Raises BackupError with what it said."""
    command = [path, "--no-password", *words]
    ended = subprocess.run(
        command, env=environment(url), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        said = " / ".join(line.strip() for line in ended.stderr.splitlines()[-MOST_LINES:] if line.strip())
        raise BackupError(f"{Path(path).name} said: {said or 'nothing'}")


def environment(url: str) -> dict[str, str]:
    """What libpq reads instead of a URL: https://www.postgresql.org/docs/current/libpq-envars.html."""
    given = conninfo_to_dict(database_urls.for_libpq(url))
    named = {each.keyword.decode(): each.envvar.decode() for each in pq.Conninfo.get_defaults() if each.envvar}
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PGCONNECT_TIMEOUT": str(database_urls.CONNECT_SECONDS),
        **{named[keyword]: str(value) for keyword, value in given.items() if keyword in named},
    }
