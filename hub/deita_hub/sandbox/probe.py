"""Whether bubblewrap works on this machine: tried, since distributions and containers forbid it in many ways."""

from __future__ import annotations

import subprocess
from functools import cache

from deita_hub.sandbox import bubblewrap, system_calls

SECONDS = 10


@cache
def obstacle(more: tuple[str, ...] = ()) -> str | None:
    """Why no sandbox with these further options can be made here, None when it can. Tried once per process."""
    program = bubblewrap.found()
    if program is None:
        return "bubblewrap is not installed"
    try:
        with system_calls.opened() as descriptors:
            words = [program, *bubblewrap.base(), *bubblewrap.filtered(descriptors), *more, "--", "true"]
            tried = subprocess.run(
                words, pass_fds=descriptors, capture_output=True, text=True, timeout=SECONDS, check=False
            )
    except (OSError, subprocess.TimeoutExpired):
        return "bubblewrap does not run"
    if tried.returncode == 0:
        return None
    lines = tried.stderr.strip().splitlines()
    return f"bubblewrap is not allowed to work here ({lines[0] if lines else f'exit code {tried.returncode}'})"
