"""Why a migration cannot begin or go on."""

from __future__ import annotations


class MigrationError(Exception):
    """The message names what is wrong and holds no secret; `code` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
