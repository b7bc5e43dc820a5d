"""The corpora of statements, hostile and friendly, and a workspace with something worth stealing around it."""

from __future__ import annotations

import contextlib
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

FOLDER = Path(__file__).with_name("corpora")
CANARY = "canary-7f3a9c"
TABLES = (
    "create table t as select * from (values (1, 2), (2, 3)) v(a, b)",
    "create table u as select * from (values (1, 5), (3, 6)) v(a, b)",
    """create table sales as select id::int as id, day::date as day, item, category, amount::int as amount,
       price::double as price, tags, {'color': tags[1], 'size': 3} as detail from (values
       (1, '2025-01-05', 'apple', 'fruit', 1, 0.5, ['red', 'sweet']),
       (2, '2025-01-08', 'pear', 'fruit', 2, 0.8, ['tart']),
       (3, '2025-02-10', 'apple', 'fruit', 3, 0.5, ['red']), (4, '2025-02-12', 'pear', 'fruit', 4, 0.9, ['green']),
       (5, '2025-03-01', 'plum', 'fruit', 7, 0.3, ['blue']), (6, '2025-03-03', 'plum', 'fruit', 8, 0.3, ['blue']),
       (7, '2025-03-05', 'hammer', 'tools', 5, 12.0, []), (8, '2025-03-20', 'saw', 'tools', 1, 15.0, ['sharp']),
       (9, '2025-04-02', 'nail', 'tools', 3, 0.1, []), (10, '2025-04-05', 'nail', 'tools', 1, 0.1, []),
       (11, '2025-05-01', 'ball', 'toys', 1, 3.0, ['red']), (12, '2025-06-15', 'kite', 'toys', 2, 9.5, null)
       ) v(id, day, item, category, amount, price, tags)""",
    """create table people as select * from (values (1, 'Ana', null), (2, 'Ben', 1), (3, 'Cleo', 1), (4, 'Dan', 2),
       (5, 'Eve', 2)) v(id, name, boss)""",
    """create table prices as select item, since::date as since, price::double as price from (values
       ('apple', '2025-01-01', 0.4), ('apple', '2025-02-01', 0.5), ('nail', '2025-01-01', 0.1),
       ('rope', '2025-01-01', 2.0)) v(item, since, price)""",
)


def sections(name: str) -> Iterator[tuple[str, str]]:
    """Each statement of a corpus with the code of its section."""
    code = ""
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            code = line.strip("[]")
        elif line and not line.startswith("#"):
            yield code, line


def friendly() -> list[tuple[str, Any]]:
    """Each friendly statement with the rows that it gives, or None where the corpus does not say them."""
    found: list[tuple[str, Any]] = []
    for line in (FOLDER / "friendly.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("=> "):
            found[-1] = (found[-1][0], json.loads(line.removeprefix("=> ")))
        elif line and not line.startswith("# ") and not line.startswith("#  "):
            found.append((line, None))
    return found


@dataclass
class Surroundings:
    """Files, a database and a listening socket beside the workspace; nothing of them may be reached."""

    folder: Path
    storage: Path
    port: int = 0

    def prepare(self) -> None:
        """Write the canaries."""
        self.folder.mkdir()
        (self.folder / "canary.csv").write_text(f"name,content\n{CANARY},{CANARY}\n")
        with contextlib.closing(sqlite3.connect(self.folder / "canary.sqlite")) as database:
            database.execute("create table secret (content)")
            database.execute("insert into secret values (?)", [CANARY])
            database.commit()
        other = self.folder / "other" / "lake" / "secret"
        other.mkdir(parents=True)
        with duckdb.connect() as connection:
            for place in (self.folder / "canary.parquet", other / "x.parquet"):
                connection.execute(f"copy (select '{CANARY}' as content) to '{place}'")

    def at(self, sql: str) -> str:
        """The statement with the places filled in."""
        places = {
            "csv": self.folder / "canary.csv",
            "sqlite": self.folder / "canary.sqlite",
            "parquet": self.folder / "canary.parquet",
            "other": self.folder / "other",
            "folder": self.folder,
            "lake": next((self.storage / "lake").rglob("*.parquet")),
            "catalog": self.storage / "lake.sqlite",
            "port": self.port,
        }
        for name, place in places.items():
            sql = sql.replace("{" + name + "}", str(place))
        return sql

    def contents(self) -> dict[str, bytes]:
        """Every file around and in the lake with its bytes."""
        files = [*self.folder.rglob("*"), *(self.storage / "lake").rglob("*")]
        return {str(file): file.read_bytes() for file in files if file.is_file()}

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Listen on a port; raises AssertionError when somebody else connects than we do at the end."""
        callers: list[Any] = []

        def accept(server: socket.socket) -> None:
            connection, caller = server.accept()
            callers.append(caller)
            connection.close()

        with socket.create_server(("127.0.0.1", 0)) as server:
            self.port = server.getsockname()[1]
            thread = threading.Thread(target=accept, args=(server,), daemon=True)
            thread.start()
            yield
            with socket.create_connection(("127.0.0.1", self.port)) as last:
                thread.join(5)
                assert callers == [last.getsockname()]
