"""Whole results: which format is meant, and sending a file while it grows.

A stream that fails in the middle breaks the connection off without the chunk that ends it, so that no client can take a
part for the whole.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import Executor
from typing import TYPE_CHECKING

from deita_engine.shapes import EngineError
from tornado.iostream import StreamClosedError

from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from deita_engine.client import Stream

    from deita_server.base import DeitaHandler

BLOCK = 2**20
FORMATS = {
    "arrow": ("application/vnd.apache.arrow.stream", "arrow"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "json": ("application/json", "json"),
}
ACCEPTED = {
    "application/vnd.apache.arrow.stream": "arrow",
    "application/vnd.apache.parquet": "parquet",
    "text/csv": "csv",
    "application/x-ndjson": "ndjson",
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


async def send_stream(handler: DeitaHandler, stream: Stream, threads: Executor) -> bool:
    """Send a growing file to its end; False when the connection is gone, by the client's will or because it failed.

    What goes wrong before the first byte is raised: no_result when the query failed, result_expired when the file is
    gone.
    """
    try:
        size = await stream.grown(0)
    except EngineError as error:
        raise _without_result(error) from error
    loop = asyncio.get_running_loop()
    try:
        descriptor = await loop.run_in_executor(threads, os.open, stream.path, os.O_RDONLY)
    except FileNotFoundError as error:
        raise DeitaError("result_expired", "The result is no longer kept.", hint="Run the query again.") from error
    if stream.done:
        handler.set_header("Content-Length", str(stream.size))
    try:
        await _send(handler, stream, descriptor, size, threads)
    except StreamClosedError:
        return False
    except (EngineError, OSError) as error:
        handler.log.warning("Broke off the result of request %s: %s", handler.request_id, error)
        handler.request.connection.close()
        return False
    finally:
        await loop.run_in_executor(threads, os.close, descriptor)
    return True


async def _send(handler: DeitaHandler, stream: Stream, descriptor: int, size: int, threads: Executor) -> None:
    loop = asyncio.get_running_loop()
    offset = 0
    while True:
        while offset < size:
            block = await loop.run_in_executor(threads, os.pread, descriptor, min(BLOCK, size - offset), offset)
            if not block:
                raise OSError("the file is shorter than the engine said")
            handler.write(block)
            await handler.flush()
            offset += len(block)
        if stream.done:
            return
        size = await stream.grown(offset)


def _without_result(error: EngineError) -> Exception:
    if error.code == "result_expired":
        return error
    return DeitaError(
        "no_result", "The query has no result.", details={"error": {"code": error.code, "message": error.message}}
    )
