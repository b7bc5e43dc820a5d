"""Whole results: which format is meant, and sending a file while it grows, or a part of one that is complete.

A stream that fails in the middle breaks the connection off without the chunk that ends it, so that no client can take a
part for the whole.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deita_engine.shapes import EngineError
from tornado.iostream import StreamClosedError

from deita_server.errors import DeitaError
from deita_server.services.files.download import byte_range

if TYPE_CHECKING:
    from deita_engine.client import Stream

    from deita_server.base import DeitaHandler

BLOCK = 2**20
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {
    "arrow": ("application/vnd.apache.arrow.stream", "arrow"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "json": ("application/json", "json"),
    "xlsx": (XLSX, "xlsx"),
}
ACCEPTED = {
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet",
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
    XLSX: "xlsx",
    "application/json": None,
    "application/*": None,
    "*/*": None,
}


def chosen_format(asked: str | None, accept: str) -> str | None:
    """Return the format of the whole result that is meant, None for JSON pages.

    `?format=` goes before `Accept`. Raises unsupported_format (400) for the one, unsupported_media_type (415) for the
    other.
    """
    if asked is not None:
        if asked not in FORMATS:
            raise DeitaError(
                "unsupported_format",
                "Results cannot be had in this format.",
                hint=f"Ask for one of {', '.join(FORMATS)}.",
                details={"formats": list(FORMATS)},
            )
        return asked
    wanted = _by_preference(accept)
    if not wanted:
        return None
    for media_type in wanted:
        if media_type in ACCEPTED:
            return ACCEPTED[media_type]
    known = [media_type for media_type in ACCEPTED if "*" not in media_type]
    raise DeitaError("unsupported_media_type", "Results cannot be had as that.", details={"media_types": known})


def _by_preference(accept: str) -> list[str]:
    weighted = []
    for part in accept.split(",")[:32]:
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            weighted.append((float(weight), media_type))
        except ValueError:
            weighted.append((0.0, media_type))
    return [
        media_type for weight, media_type in sorted(weighted, key=lambda item: -item[0]) if media_type and weight > 0
    ]


async def send_stream(handler: DeitaHandler, stream: Stream, threads: Executor, *, parts: bool = False) -> bool:
    """Send a growing file to its end; False when the connection is gone, by the client's will or because it failed.

    With `parts`, a complete file has an ETag and `Range` is heeded. What goes wrong before the first byte is raised:
    no_result when the query failed, result_expired when the file is gone, and what is wrong with the selection or the
    format.
    """
    size = await stream.grown(0)
    loop = asyncio.get_running_loop()
    try:
        descriptor = await loop.run_in_executor(threads, os.open, stream.path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise DeitaError("result_expired", "The result is no longer kept.", hint="Run the query again.") from error
    try:
        while handler.request.method == "HEAD" and not stream.done:  # only then the length is known
            size = await stream.grown(size)
        part = Part(0, None, size)
        if stream.done and parts:
            part = _part(handler, stream, os.fstat(descriptor))
        elif stream.done:
            handler.set_header("Content-Length", str(stream.size))
        if handler.request.method != "HEAD" and handler.get_status() != 304:
            await _send(handler, stream, descriptor, part, threads)
    except StreamClosedError:
        return False
    except (EngineError, OSError) as error:
        reason = error.code if isinstance(error, EngineError) else error.strerror
        handler.log.warning("Broke off a result: %s", reason)
        handler.request.connection.close()
        return False
    finally:
        await loop.run_in_executor(threads, os.close, descriptor)
    return True


@dataclass(frozen=True)
class Part:
    """Which bytes are sent: from `begin` to `end` (None: as far as it grows), of which `size` are there."""

    begin: int
    end: int | None
    size: int


def _part(handler: DeitaHandler, stream: Stream, stat: os.stat_result) -> Part:
    """Describe a complete file and find which part of it is asked for; raises bad_range."""
    etag = f'"{stat.st_ino:x}-{stat.st_mtime_ns:x}-{stream.size:x}"'
    handler.set_header("ETag", etag)
    handler.set_header("Accept-Ranges", "bytes")
    if etag in handler.request.headers.get("If-None-Match", ""):
        handler.set_status(304)
        return Part(0, 0, 0)
    current = handler.request.headers.get("If-Range", etag) == etag
    asked = byte_range(handler.request.headers.get("Range"), stream.size) if current else None
    begin, end = asked or (0, stream.size)
    if asked:
        handler.set_status(206)
        handler.set_header("Content-Range", f"bytes {begin}-{end - 1}/{stream.size}")
    handler.set_header("Content-Length", str(end - begin))
    return Part(begin, end, end)


async def _send(handler: DeitaHandler, stream: Stream, descriptor: int, part: Part, threads: Executor) -> None:
    loop = asyncio.get_running_loop()
    offset, size = part.begin, part.size
    while True:
        while offset < size:
            block = await loop.run_in_executor(threads, os.pread, descriptor, min(BLOCK, size - offset), offset)
            if not block:
                raise OSError("the file is shorter than the engine said")
            handler.write(block)
            await handler.flush()
            offset += len(block)
        if offset == part.end or (
            stream.done and offset >= stream.size
        ):  # it may have grown and ended since `size` was asked for
            return
        size = await stream.grown(offset)
