"""A PostgreSQL of its own for the time of a drill: a cluster in a temporary folder, at a free port of this machine.

Another database of the running server would not do: roles belong to all databases of a server, so that a drill that
ends its servers' logins would end people's.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from deita_hub.backing_up import postgres_programs
from deita_hub.backing_up.errors import BackupError

SUPERUSER = "postgres"
SETTINGS = "-c listen_addresses=127.0.0.1 -k '' -c fsync=off -c shared_buffers=32MB"
"""What is lost with the machine is a copy."""
SECONDS = "60"
UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root."""


@contextlib.contextmanager
def cluster(major: int | None = None) -> Iterator[str]:
    """The URL of an empty database whose owner may make roles; all is gone afterwards. Raises BackupError."""
    with tempfile.TemporaryDirectory(prefix="deita-drill-") as folder:
        server = _Cluster(Path(folder), major, secrets.token_hex(16), _free_port())
        server.make()
        server.control("start", "-o", f"-p {server.port} {SETTINGS}")
        try:
            yield server.database()
        finally:
            server.control("stop", "-m", "immediate")


@dataclass(frozen=True)
class _Cluster:
    folder: Path
    major: int | None
    password: str
    port: int

    def make(self) -> None:
        secret = self.folder / "password"
        secret.touch(mode=0o600)
        secret.write_text(self.password, encoding="ascii")
        if os.geteuid() == 0:
            owner = pwd.getpwnam(UNPRIVILEGED)
            for path in (self.folder, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        login = ["-U", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", str(secret)]
        self._run("initdb", "-D", self._data, "-E", "UTF8", "--locale", "C", "--no-sync", *login)
        secret.unlink()

    def control(self, *words: str) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", "-t", SECONDS, "-l", str(self.folder / "log"), *words)

    def database(self) -> str:
        password = secrets.token_hex(16)
        with psycopg.connect(self._url(SUPERUSER, self.password, "postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE deita LOGIN CREATEROLE PASSWORD '{password}'".encode())
            connection.execute("CREATE DATABASE deita OWNER deita")
            connection.execute("REVOKE ALL ON DATABASE deita FROM PUBLIC")
        return self._url("deita", password, "deita")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _url(self, user: str, password: str, database: str) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def _run(self, name: str, *words: str) -> None:
        """A server that is started keeps what it inherits, so that nothing is a pipe."""
        said = self.folder.with_name(f"{self.folder.name}.said")
        try:
            with said.open("wb") as output:
                ended = subprocess.run(
                    [postgres_programs.program(name, self.major), *words],
                    cwd=self.folder,
                    user=UNPRIVILEGED if os.geteuid() == 0 else None,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    check=False,
                )
            if ended.returncode:
                raise BackupError(f"The drill's PostgreSQL: {name} said: {said.read_text()[-500:].strip()}")
        finally:
            said.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
