"""What a reader of the control plane says, in pieces as they come: see `deita_hub.reading.frames` for the form."""

from __future__ import annotations

import struct
from collections.abc import AsyncGenerator, AsyncIterator

from deita_server.errors import DeitaError

HEAD = struct.Struct(">cI")
MOST = 8 * 2**20
"""Bytes of a frame that can be taken seriously."""


async def frames(pieces: AsyncIterator[bytes]) -> AsyncGenerator[tuple[bytes, bytes]]:
    """Each frame's kind and content. Raises DeitaError connection_lost for what is no frame."""
    held = bytearray()
    async for piece in pieces:
        held += piece
        at = 0
        while at + HEAD.size <= len(held):
            kind, length = HEAD.unpack_from(held, at)
            if length > MOST:
                raise lost()
            end = at + HEAD.size + length
            if end > len(held):
                break
            yield kind, bytes(held[at + HEAD.size : end])
            at = end
        del held[:at]
    if held:
        raise lost()


def lost() -> DeitaError:
    """Return the error for a reading that broke off without a word."""
    return DeitaError("connection_lost", "Reading from the database broke off.", hint="Try again.")
