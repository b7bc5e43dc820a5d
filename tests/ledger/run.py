"""Clients at work while faults happen, and the verdict: is each operation as often there as its client was told?"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections import Counter, defaultdict
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
ROUND = 1000
"""Operations in one workspace: what each leaves there makes the next ones slower."""
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
    """Have clients work until there were so many operations and faults, in rounds with a workspace each. A round is
    judged at its end and once more after the last one; returns the verdict.
    """
    rounds, wrong = -(-operations // ROUND), dict[str, None]()
    planned, asked = plan(site, faults), list[list[Entry]]()
    with contextlib.closing(Book(book_path)) as book:
        for number in range(rounds):
            first = sum(map(len, asked))
            share = _share(operations, number, rounds), _share(faults, number, rounds)
            with _at(site, number) as client:
                client.make()
                prepare(client)
                _round(site, client, book, share[0], list(itertools.islice(planned, share[1])))
                asked.append(book.entries()[first:])
                wrong |= dict.fromkeys(_judged(client, asked[-1]))
        for number, entries in enumerate(asked[:-1]):
            with _at(site, number) as client:
                wrong |= dict.fromkeys(_judged(client, entries))
        entries, reasons = book.entries(), Counter[str]()
        reasons.update(f"{entry.told.outcome}: {entry.told.why}" for entry in entries if entry.told.why)
        return Verdict(len(entries), dict(book.counts), faults, list(wrong), dict(reasons))


def _share(count: int, number: int, rounds: int) -> int:
    return count * (number + 1) // rounds - count * number // rounds


@contextlib.contextmanager
def _at(site: Site, number: int) -> Iterator[Client]:
    """The client of a round; its server stops afterwards."""
    site.slug = f"ledger-{number}"
    with contextlib.closing(Client(site.deita, site.slug)) as client:
        yield client
        client.stop()


def _round(
    site: Site, client: Client, book: Book, operations: int, faults: list[tuple[str, Callable[[Site], None]]]
) -> None:
    before = sum(book.counts.values())
    with _working(client, book, before + operations):
        for place, (name, fault) in enumerate(faults, 1):
            _reached(book, before + place * operations // (len(faults) + 1), f"work before fault {place}: {name}")
            book.remark(name)
            fault(site)


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


def _judged(client: Client, entries: list[Entry]) -> list[str]:
    """A line for each operation that is not there as often as its client was told."""
    client.open()
    of_kind: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        of_kind[entry.kind].append(entry)
    wrong = []
    for name, asked in of_kind.items():
        found = times(KINDS[name], KINDS[name].seen(client), [entry.number for entry in asked])
        wrong += [
            _line(entry, found[entry.number]) for entry in asked if found[entry.number] not in TIMES[entry.told.outcome]
        ]
    return wrong


def _line(entry: Entry, there: int) -> str:
    seen = "only a part is there" if there == HALF else f"it is there {there} times"
    return f"{entry.kind} {entry.number} was {entry.told.outcome} {entry.told.why}".strip() + f", but {seen}"
