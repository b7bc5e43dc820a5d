"""Retried POSTs with the same `Idempotency-Key` have one effect: a bounded memory of what a key led to.

The memory ends with the server. What has to hold longer takes its id from the key (`id_of`), so that whatever keeps the
effect (the lake's commit, the row of an import) also tells that there was one.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from .asking import asker
from .errors import DeitaError

REMEMBERED = 1000
OURS = uuid.UUID("5d9f3a0c-7a55-4d0e-9d3c-6b1f4a0c8e21")


def id_of(key: str) -> uuid.UUID:
    """Return the id of what the asker makes with a key: always the same."""
    return uuid.uuid5(OURS, f"{asker()}\n{key}")


def reused() -> DeitaError:
    """Return the error for a key that came with another request before."""
    return DeitaError("idempotency_key_reused", "This Idempotency-Key was used for another request.")


class Idempotency:
    """Keys of one kind of request, each person's apart, and the id of what each made."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[bytes, asyncio.Future[str]]] = OrderedDict()

    async def once(self, key: str, body: bytes, make: Callable[[], Awaitable[str]]) -> str:
        """Return what `make` returned the first time; a request that was refused may be tried again.

        Raises idempotency_key_reused when the key came with another body before.
        """
        if not key:
            return await make()
        key = f"{asker()}\n{key}"
        digest = hashlib.sha256(body).digest()
        if key in self._known:
            known, made = self._known[key]
            if known != digest:
                raise reused()
            return await asyncio.shield(made)
        made = asyncio.get_running_loop().create_future()
        made.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._known[key] = digest, made
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        try:
            result = await make()
        except BaseException as error:  # whoever waits for the same answer is told, too
            self._known.pop(key, None)
            if isinstance(error, Exception):
                made.set_exception(error)
            else:
                made.cancel()
            raise
        made.set_result(result)
        return result
