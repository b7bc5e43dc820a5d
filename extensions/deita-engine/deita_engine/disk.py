"""What a full disk looks like: no block left, a quota used up, a file as large as it may be."""

from __future__ import annotations

import errno

from .shapes import EngineError

ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
EXIT_STATUS = errno.ENOSPC
"""How a process of its own says that it could not write, when it cannot even write that down."""


def is_full(error: BaseException) -> bool:
    """Whether the operating system had no room for something."""
    return isinstance(error, OSError) and error.errno in ERRORS


def no_space() -> EngineError:
    """The error for a person."""
    return EngineError("no_space", "No space is left on the disk.", "Delete files that nobody needs, then try again.")
