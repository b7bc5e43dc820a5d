"""Why a backup could not be made, found, read or brought back."""

from __future__ import annotations


class BackupError(Exception):
    """The message says what to do and holds no secret."""
