"""Sending bytes of a file: blocks are read in threads and sent as fast as the client takes them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from deita_server.base import DeitaHandler

BLOCK = 4 * 2**20
RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return the half-open range that a `Range` header asks for, None for all of it; raises bad_range.

    RFC 9110, section 14: what is not one range of bytes may be answered with everything.
    """
    match = RANGE.fullmatch(header.strip()) if header else None
    if not match or match.group(0) == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        begin, end = max(0, size - int(last)), size
    else:
        begin, end = int(first), min(size, int(last) + 1) if last else size
    if first and last and int(last) < int(first):
        return None
    if begin >= end:
        raise DeitaError("bad_range", "The file does not have these bytes.", details={"size": size})
    return begin, end


Read = Callable[[int, int], Awaitable[bytes]]
"""Reads the bytes from a position up to another; fewer at the end."""


async def send_bytes(handler: DeitaHandler, read: Read, begin: int, end: int) -> None:
    """Send the bytes from `begin` up to `end`; the headers must be set."""
    while begin < end:
        block = await read(begin, min(begin + BLOCK, end))
        if not block:
            raise OSError("the file is shorter than its row says")
        handler.write(block)
        await handler.flush()
        begin += len(block)
