"""Gives disk back in the middle of a file: fallocate(2) with FALLOC_FL_PUNCH_HOLE, which Python has no name for."""

from __future__ import annotations

import ctypes
import errno
import os

KEEP_SIZE, PUNCH_HOLE = 1, 2
UNKNOWN = (errno.EOPNOTSUPP, errno.ENOSYS)


def punch(descriptor: int, begin: int, end: int) -> None:
    """Give back what the bytes from `begin` up to `end` take; they read as zeros then, and the file stays as long.

    A file system that knows no holes keeps them. Raises OSError.
    """
    if end <= begin:
        return
    fallocate = ctypes.CDLL(None, use_errno=True).fallocate
    mode = ctypes.c_int(KEEP_SIZE | PUNCH_HOLE)
    if fallocate(ctypes.c_int(descriptor), mode, ctypes.c_int64(begin), ctypes.c_int64(end - begin)) != 0:
        number = ctypes.get_errno()
        if number not in UNKNOWN:
            raise OSError(number, os.strerror(number))
