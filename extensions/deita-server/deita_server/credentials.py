"""What reaches the workspace's storage and database: asked of the control plane when first needed, then kept.

One request at a time, however many wait for it. From half of its life on it is renewed, and used to its end while that
cannot be done; so a control plane that restarts is no outage.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .errors import DeitaError

RENEWED_AT = 0.5
"""A statement goes on with what it began with: so each has half an hour at least, of an hour's session."""
RETRY_S = 5.0
"""While a renewal fails, it is tried again so often."""

Ask = Callable[[], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Issued:
    """The control plane's answer: `storage` and `database` as docs/api.md says; both None-free only where needed."""

    storage: dict[str, Any] = field(repr=False)
    database: dict[str, Any] = field(repr=False)

    @property
    def expires_at(self) -> float | None:
        """When the first of them ends, in seconds since 1970; None when none does."""
        ends = [part["expires_at"] for part in (self.storage, self.database) if part.get("expires_at")]
        return min((datetime.fromisoformat(end).timestamp() for end in ends), default=None)


class Credentials:
    """The workspace's credentials for as long as this server lives. Raises storage_unavailable."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.time) -> None:
        self._ask, self._clock = ask, clock
        self._issued: Issued | None = None
        self._due: float | None = None
        self._asking = asyncio.Lock()

    async def get(self) -> Issued:
        """Return credentials that are valid now."""
        if self._issued is None or self._is_due():
            async with self._asking:
                if self._issued is None or self._is_due():
                    await self._renew()
        assert self._issued is not None
        return self._issued

    def _is_due(self) -> bool:
        return self._due is not None and self._clock() >= self._due

    async def _renew(self) -> None:
        began = self._clock()
        try:
            answer = await self._ask()
            self._issued = Issued(answer["storage"], answer["database"])
        except (OSError, ValueError, KeyError) as error:
            end = self._issued.expires_at if self._issued else None
            if end is None or end <= self._clock():
                self._issued = None
                message = "The workspace's storage cannot be reached right now."
                raise DeitaError("storage_unavailable", message, "Try again in a few seconds.") from error
            self._due = self._clock() + RETRY_S
            return
        end = self._issued.expires_at
        self._due = None if end is None else began + RENEWED_AT * (end - began)


def from_control_plane(url: str, slug: str, token: str) -> Ask:
    """Ask the control plane at `url` as the server whose token this is; OSError when it does not answer so."""

    async def ask() -> dict[str, Any]:
        from tornado.httpclient import HTTPClientError

        from .singleuser.hub_requests import fetch

        headers = {"Authorization": f"Bearer {token}"}
        address = f"{url}/workspaces/{slug}/credentials"
        try:
            answer = await fetch(address, method="POST", headers=headers, data=b"")
        except HTTPClientError as error:
            raise OSError(f"the control plane answered {error.code}") from None
        found: dict[str, Any] = json.loads(answer.body)
        return found

    return ask
