"""A real PostgreSQL for tests: a cluster in a temporary folder, on a free port, with passwords and fsync.

Debian keeps the programs beside the PATH, so that they are looked for by `pg_config`, too. PostgreSQL refuses to run
as root: then it runs as `nobody`, who also owns the folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.servers.certificates import Issued

SUPERUSER = "postgres"


def programs() -> Path:
    """The folder with `initdb` and `pg_ctl`; raises FileNotFoundError when there is none."""
    if found := shutil.which("initdb"):
        return Path(found).parent
    if config := shutil.which("pg_config"):
        folder = Path(subprocess.check_output([config, "--bindir"], text=True).strip())
        if (folder / "initdb").exists():
            return folder
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise FileNotFoundError("PostgreSQL is not installed: make system")
    return installed[-1].parent


@dataclass
class PostgresServer:
    """One running cluster; `database` gives each test one of its own."""

    folder: Path
    port: int
    password: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def url(self, database: str = "postgres", user: str = SUPERUSER, password: str | None = None) -> str:
        """A libpq URL."""
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def database(self) -> str:
        """The URL of a new database whose owner may create roles and schemas, as Deita's control plane needs it."""
        name, password = f"deita_{secrets.token_hex(4)}", secrets.token_hex(16)
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE PASSWORD '{password}'")
            connection.execute(f"CREATE DATABASE {name} OWNER {name}")
            connection.execute(f"REVOKE ALL ON DATABASE {name} FROM PUBLIC")
        return self.url(name, name, password)

    def start(self) -> None:
        """Start the cluster and wait until it answers."""
        options = f"-p {self.port} -k '' -c listen_addresses=127.0.0.1 -c max_connections=200 -c shared_buffers=32MB"
        self._control("start", "-w", "-t", "60", "-l", str(self.folder / "log"), "-o", options)

    def stop(self, mode: str = "fast") -> None:
        """Stop it; `immediate` is what a power cut would be."""
        self._control("stop", "-w", "-t", "60", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        """Stop and start on the same port: every connection is lost."""
        self.stop(mode)
        self.start()

    @contextlib.contextmanager
    def encrypted(self, issued: Issued) -> Iterator[None]:
        """Speak TLS with this certificate."""
        for name, text in (("certificate.pem", issued.certificate), ("key.pem", issued.key)):
            file = self.folder / name
            file.write_text(text)
            file.chmod(0o600)
            if os.geteuid() == 0:
                os.chown(file, *_nobody())
        self._tell("SET ssl_cert_file", f"= '{self.folder}/certificate.pem'")
        self._tell("SET ssl_key_file", f"= '{self.folder}/key.pem'")
        self._tell("SET ssl", "= on")
        try:
            yield
        finally:
            self._tell("RESET ssl")

    def _tell(self, setting: str, value: str = "") -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM {setting} {value}")
            connection.execute("SELECT pg_reload_conf()")

    def make(self) -> None:
        """Make the cluster's files."""
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)  # the folder is closed to others
        authentication = ["-U", SUPERUSER, "--auth", "scram-sha-256", "--pwfile", str(secret)]
        data = ["-D", str(self.folder / "data"), "-E", "UTF8", "--locale", "C", "--no-sync"]
        self._run("initdb", *data, *authentication)

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", "-D", str(self.folder / "data"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(programs() / program), *arguments],
            cwd=self.folder,
            user="nobody" if os.geteuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # a pipe would be inherited by the server and never end
            stderr=subprocess.DEVNULL,
            check=False,
        )
        log = self.folder / "log"
        assert done.returncode == 0, f"{program} failed: {log.read_text()[-2000:] if log.exists() else ''}"


def _nobody() -> tuple[int, int]:
    found = pwd.getpwnam("nobody")
    return found.pw_uid, found.pw_gid


@contextlib.contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """A cluster that is there until the end of the context."""
    with tempfile.TemporaryDirectory(prefix="deita-postgres-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = PostgresServer(Path(folder), probe.getsockname()[1])
        probe.close()
        if os.geteuid() == 0:
            os.chown(folder, *_nobody())
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")
