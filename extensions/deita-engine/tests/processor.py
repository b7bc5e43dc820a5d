"""How busy and how large a process is, and waiting for what it does."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path


def processor_seconds(pid: int) -> float:
    """What a process used of the processor so far; what is gone uses nothing."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int) -> int:
    """The most resident memory that a process had so far, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


async def idle(pid: int, window_s: float = 0.2) -> float:
    """Wait until a process does nothing for so long; returns how many seconds it took until then."""
    begin = last = time.monotonic()
    used = processor_seconds(pid)
    while time.monotonic() - last < window_s:
        await asyncio.sleep(0.01)
        if processor_seconds(pid) - used > 0.02:
            used, last = processor_seconds(pid), time.monotonic()
    return last - begin


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition; TimeoutError when it does not come."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)
