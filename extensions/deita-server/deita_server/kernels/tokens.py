"""Tokens for kernels: made by the server that starts the kernel, known to it alone, gone with the kernel."""

from __future__ import annotations

import secrets


class KernelTokens:
    """Which token belongs to which living kernel. One register per server."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}

    def issue(self, kernel_id: str) -> str:
        """Make the token of a kernel that is about to start; an earlier one of the same kernel ends."""
        self._tokens[kernel_id] = token = secrets.token_urlsafe(32)
        return token

    def revoke(self, kernel_id: str) -> None:
        """End a kernel's token; a kernel without one is no error."""
        self._tokens.pop(kernel_id, None)

    def kernel_of(self, token: str) -> str | None:
        """Return the living kernel that holds `token`. Every token is compared, in constant time each."""
        given = token.encode()
        found = None
        for kernel_id, known in self._tokens.items():
            if secrets.compare_digest(known.encode(), given):
                found = kernel_id
        return found
