"""Every kind of operation: how a client asks for it, and how often what it asked for is visible afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from . import changes
from .book import Told
from .client import Client
from .operations import (
    HALF,
    HITS,
    TABLES,
    Seen,
    append,
    by_number,
    create_table,
    delete_file,
    delete_rows,
    files,
    import_table,
    insert,
    notebooks,
    put_file,
    save_notebook,
    save_query,
    saved_queries,
    send_by_tus,
    update,
    whole_files,
    whole_tables,
    write,
)


@dataclass(frozen=True)
class Kind:
    """One kind of operation; `gone` says that what is seen is what operations were to take away."""

    ask: Callable[[Client, int], Told]
    seen: Callable[[Client], Seen]
    gone: bool = False


def _counted(table: str, condition: str = "true") -> Callable[[Client], Seen]:
    return by_number(f"SELECT number, count(*) FROM {table} WHERE {condition} GROUP BY number ORDER BY number")


KINDS = {
    "file": Kind(put_file, whole_files("file-")),
    "tus": Kind(send_by_tus, whole_files("tus-")),
    "file deleted": Kind(delete_file, lambda client: dict.fromkeys(files(client, "gone-"), 1), gone=True),
    "import": Kind(import_table, whole_tables("import_")),
    "append": Kind(append, _counted("appended")),
    "insert": Kind(insert, _counted("inserted")),
    "update": Kind(update, by_number(HITS)),
    "rows deleted": Kind(delete_rows, _counted("doomed"), gone=True),
    "create": Kind(create_table, whole_tables("made_")),
    "saved query": Kind(save_query, saved_queries),
    "notebook": Kind(save_notebook, notebooks),
    "table dropped": Kind(changes.drop, changes.tables("doomed_"), gone=True),
    "table renamed": Kind(changes.rename, changes.tables("after_")),
    "table restored": Kind(changes.restore, changes.restored),
    "member": Kind(changes.add_member, changes.members("p")),
    "member removed": Kind(changes.remove_member, changes.members("g"), gone=True),
    "role": Kind(changes.raise_member, changes.members("r", "editor")),
}


def prepare(client: Client) -> None:
    """Make the tables that operations change."""
    for sql in TABLES:
        told = write(client, sql)
        assert told.outcome == "acknowledged", told


def times(kind: Kind, seen: Seen, numbers: Iterable[int]) -> dict[int, int]:
    """How often each operation is visible."""
    if not kind.gone:
        return {number: seen.get(number, 0) for number in numbers}
    return {number: {0: 1, 1: 0}.get(seen.get(number, 0), HALF) for number in numbers}
