"""Tokens for kernels: made by the server that starts the kernel, known to it alone, gone with the kernel."""

from __future__ import annotations

import secrets


class KernelTokens:
    """Which token belongs to which living kernel, and whose page it is behind. One register per server."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}
        self._people: dict[str, str] = {}

    def issue(self, kernel_id: str) -> str:
        """Make the token of a kernel that is about to start; an earlier one of the same kernel ends."""
        self._tokens[kernel_id] = token = secrets.token_urlsafe(32)
        return token

    def revoke(self, kernel_id: str) -> None:
        """End a kernel's token; a kernel without one is no error."""
        self._tokens.pop(kernel_id, None)
        self._people.pop(kernel_id, None)

    def claim(self, kernel_id: str, person: str) -> None:
        """Bind a kernel to the person who opened its page, for good: from now on it asks in their name."""
        self._people.setdefault(kernel_id, person)

    def person_of(self, kernel_id: str) -> str | None:
        """Return who opened the kernel's page; None while nobody did."""
        return self._people.get(kernel_id)

    def kernels_of(self, person: str) -> int:
        """Return how many living kernels are bound to a person."""
        return sum(bound == person for bound in self._people.values())

    def kernel_of(self, token: str) -> str | None:
        """Return the living kernel that holds `token`. Every token is compared, in constant time each."""
        given = token.encode()
        found = None
        for kernel_id, known in self._tokens.items():
            if secrets.compare_digest(known.encode(), given):
                found = kernel_id
        return found
