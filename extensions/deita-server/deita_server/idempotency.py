"""Retried POSTs with the same `Idempotency-Key` have one effect: a bounded memory of what a key led to."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from .errors import DeitaError

REMEMBERED = 1000


class Idempotency:
    """Keys of one person and one kind of request, and the id of what each made."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[bytes, asyncio.Future[str]]] = OrderedDict()

    async def once(self, key: str, body: bytes, make: Callable[[], Awaitable[str]]) -> str:
        """Return what `make` returned the first time; a request that was refused may be tried again.

        Raises idempotency_key_reused when the key came with another body before.
        """
        if not key:
            return await make()
        digest = hashlib.sha256(body).digest()
        if key in self._known:
            known, made = self._known[key]
            if known != digest:
                raise DeitaError("idempotency_key_reused", "This Idempotency-Key was used for another request.")
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
