"""Credentials are asked for once, renewed in time, and used to their end while they cannot be renewed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from deita_server.credentials import RETRY_S, Credentials
from deita_server.errors import DeitaError


class ControlPlane:
    """Issues numbered credentials of a hundred seconds, unless it is down."""

    def __init__(self, life: float | None = 100) -> None:
        self.now, self.life, self.asked, self.down = 1_000_000.0, life, 0, False

    def clock(self) -> float:
        return self.now

    async def ask(self) -> dict[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise OSError("down")
        end = datetime.fromtimestamp(self.now + self.life, UTC).isoformat() if self.life else None
        return {"storage": {"kind": "sts", "number": self.asked, "expires_at": end}, "database": {"kind": "sqlite"}}


async def test_many_who_wait_ask_once() -> None:
    plane = ControlPlane()
    credentials = Credentials(plane.ask, plane.clock)
    found = await asyncio.gather(*(credentials.get() for _ in range(20)))
    assert {issued.storage["number"] for issued in found} == {1}


async def test_they_are_renewed_at_half_of_their_life() -> None:
    plane = ControlPlane()
    credentials = Credentials(plane.ask, plane.clock)
    numbers = []
    for seconds in (0, 49, 2, 49, 2):
        plane.now += seconds
        numbers.append((await credentials.get()).storage["number"])
    assert numbers == [1, 1, 2, 2, 3]


async def test_without_the_control_plane_they_last_to_their_end_and_heal() -> None:
    plane = ControlPlane()
    credentials = Credentials(plane.ask, plane.clock)
    await credentials.get()
    plane.down, plane.now = True, plane.now + 85
    assert (await credentials.get()).storage["number"] == 1
    await credentials.get()
    assert plane.asked == 2, "a renewal that fails is not tried at every request"
    plane.now += RETRY_S * 4
    with pytest.raises(DeitaError) as refused:
        await credentials.get()
    assert refused.value.code == "storage_unavailable"
    plane.down = False
    assert (await credentials.get()).storage["number"] == plane.asked


async def test_what_never_ends_is_never_asked_for_again() -> None:
    plane = ControlPlane(life=None)
    credentials = Credentials(plane.ask, plane.clock)
    await credentials.get()
    plane.now += 10**7
    await credentials.get()
    assert plane.asked == 1
