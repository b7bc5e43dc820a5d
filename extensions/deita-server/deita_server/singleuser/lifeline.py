"""Ends this process when `deita up` is gone, however it went.

`up` holds an exclusive lock on a file for as long as it lives; the kernel releases it even after kill -9. A thread
here waits for a shared lock on the same file: once it has it, nobody looks after this server any more. Not taken:
watching the parent's pid (the hub is the parent and may be restarted) and PR_SET_PDEATHSIG (it follows the parent's
thread).
"""

from __future__ import annotations

import fcntl
import os
import signal
import threading
from pathlib import Path
from typing import IO

GRACE_S = 10.0


def hold(path: Path, grace_s: float = GRACE_S) -> threading.Thread:
    """Watch the lifeline at `path` in a daemon thread. Raises FileNotFoundError when there is none: nobody holds it."""
    lifeline = path.open("rb")
    thread = threading.Thread(target=_wait, args=(lifeline, grace_s), name="deita-lifeline", daemon=True)
    thread.start()
    return thread


def _wait(lifeline: IO[bytes], grace_s: float) -> None:
    with lifeline:
        fcntl.flock(lifeline, fcntl.LOCK_SH)
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(grace_s)  # a clean end leaves this thread behind; whoever is still here after it hangs
    os.kill(os.getpid(), signal.SIGKILL)
