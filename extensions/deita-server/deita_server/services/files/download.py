"""Sending bytes from disk: blocks are read in threads and sent as fast as the client takes them."""

from __future__ import annotations

import asyncio
import os
import re
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING

from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from deita_server.base import DeitaHandler

BLOCK = 2**20
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


async def send_file(handler: DeitaHandler, path: Path, begin: int, end: int, threads: Executor) -> None:
    """Send the bytes from `begin` up to `end`; the headers must be set."""
    loop = asyncio.get_running_loop()
    descriptor = await loop.run_in_executor(threads, os.open, path, os.O_RDONLY)
    try:
        while begin < end:
            block = await loop.run_in_executor(threads, os.pread, descriptor, min(BLOCK, end - begin), begin)
            if not block:
                raise OSError("the file is shorter than its row says")
            handler.write(block)
            await handler.flush()
            begin += len(block)
    finally:
        await loop.run_in_executor(threads, os.close, descriptor)
