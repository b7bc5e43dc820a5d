"""Clients at work while faults happen, and the verdict: is each operation as often there as its client was told?"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.running import until

from .book import TIMES, Book, Entry, Told
from .client import Client, UnansweredError
from .faults import Site, plan
from .kinds import KINDS, prepare, times
from .operations import HALF

CLIENTS = 4
STANDSTILL_S = 100.0
"""Longer than this nothing may be acknowledged after a fault."""


@dataclass(frozen=True)
class Verdict:
    """What came of it: how operations ended, how many faults there were, and a line for each wrong operation."""

    operations: int
    outcomes: dict[str, int]
    faults: int
    wrong: list[str]
    reasons: dict[str, int]


def keep_ledger(site: Site, book_path: Path, operations: int, faults: int) -> Verdict:
    """Have clients work until there were so many operations and faults; returns the verdict."""
    with contextlib.closing(Client(site.deita)) as client, contextlib.closing(Book(book_path)) as book:
        client.open()
        prepare(client)
        with _working(client, book, operations):
            for place, (name, fault) in enumerate(plan(site, faults)):
                _reached(book, (place + 1) * operations // (faults + 2), f"work before fault {place + 1}: {name}")
                book.remark(name)
                fault(site)
        client.open()
        return _judged(client, book, faults)


def _reached(book: Book, count: int, what: str) -> None:
    """Wait until so many operations are over, and one more is acknowledged than before."""
    acknowledged = book.counts["acknowledged"]
    until(lambda: sum(book.counts.values()) >= count and book.counts["acknowledged"] > acknowledged, STANDSTILL_S, what)


@contextlib.contextmanager
def _working(client: Client, book: Book, operations: int) -> Iterator[None]:
    """Clients ask for one operation after the other; at the end until there were so many."""
    enough = threading.Event()
    kinds = itertools.cycle(KINDS)

    def work() -> None:
        while not (enough.is_set() and sum(book.counts.values()) >= operations):
            kind = next(kinds)
            number = book.ask(kind)
            book.note(number, _told(lambda kind=kind, number=number: KINDS[kind].ask(client, number)))  # type: ignore[misc]

    with ThreadPoolExecutor(CLIENTS) as pool:
        workers = [pool.submit(work) for _ in range(CLIENTS)]
        try:
            yield
        finally:
            enough.set()
        for worker in workers:
            worker.result()


def _told(ask: Callable[[], Told]) -> Told:
    try:
        return ask()
    except UnansweredError as error:
        return Told("unknown", str(error))


def _judged(client: Client, book: Book, faults: int) -> Verdict:
    of_kind: dict[str, list[Entry]] = defaultdict(list)
    reasons: dict[str, int] = defaultdict(int)
    entries = book.entries()
    for entry in entries:
        of_kind[entry.kind].append(entry)
        if entry.told.why:
            reasons[f"{entry.told.outcome}: {entry.told.why}"] += 1
    wrong = []
    for name, asked in of_kind.items():
        found = times(KINDS[name], KINDS[name].seen(client), [entry.number for entry in asked])
        wrong += [
            _line(entry, found[entry.number]) for entry in asked if found[entry.number] not in TIMES[entry.told.outcome]
        ]
    return Verdict(len(entries), dict(book.counts), faults, wrong, dict(reasons))


def _line(entry: Entry, there: int) -> str:
    seen = "only a part is there" if there == HALF else f"it is there {there} times"
    return f"{entry.kind} {entry.number} was {entry.told.outcome} {entry.told.why}".strip() + f", but {seen}"
