"""Rows in pieces, worked on several at a time, with the outcomes in the order of the rows."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import pyarrow as pa

FIRST_ROWS, MOST_ROWS = 8192, 131_072
MOST_BYTES = 16 * 1024 * 1024
"""How large a piece is: the first is small, so that its outcome is there soon, each other twice as large."""
Piece = list[pa.RecordBatch]
Outcome = TypeVar("Outcome")


def cut(reader: pa.RecordBatchReader, check: Callable[[], None]) -> Iterator[Piece]:
    """The batches in pieces; one without rows where there are none. `check` is called for each batch and may raise."""
    piece: Piece = []
    rows = size = 0
    most = FIRST_ROWS
    for batch in reader:
        check()
        if not batch.num_rows:
            continue
        piece.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= most or size >= MOST_BYTES:
            yield piece
            piece, rows, size, most = [], 0, 0, min(2 * most, MOST_ROWS)
    if piece or most == FIRST_ROWS:
        yield piece


def in_order(
    pieces: Iterator[Piece], work: Callable[[int, Piece], Outcome], threads: int
) -> Generator[Outcome, None, None]:
    """What `work` makes of each piece and its number, on so many threads; no more than two pieces more than that are
    held. Raises what `work` or the pieces raise, once nothing is under way any more.
    """
    reading, working = ThreadPoolExecutor(1), ThreadPoolExecutor(threads)
    under_way: deque[Future[Outcome | None]] = deque()

    def worked(number: int, read: Future[Piece | None]) -> Outcome | None:
        piece = read.result()
        return None if piece is None else work(number, piece)

    def begin(number: int) -> None:
        under_way.append(working.submit(worked, number, reading.submit(next, pieces, None)))

    try:
        for number in range(threads):
            begin(number)
        for number in itertools.count(threads):
            begin(number)
            outcome = under_way.popleft().result()
            if outcome is None:
                return
            yield outcome
    finally:
        reading.shutdown(cancel_futures=True)
        working.shutdown(cancel_futures=True)
