"""How many bytes may still come: the server's limit for one file, and the workspace's quota."""

from __future__ import annotations

from dataclasses import dataclass, replace

from deita_server.errors import DeitaError


@dataclass(frozen=True)
class Allowance:
    """`max_bytes` is for one file; `quota`, None without one, for everything, of which `used` is taken."""

    max_bytes: int
    quota: int | None = None
    used: int = 0

    def without(self, size: int) -> Allowance:
        """Return what may come when `size` bytes that are counted as used are part of it."""
        return replace(self, used=self.used - size)

    def check(self, size: int) -> None:
        """Raise too_large or quota_exceeded when a file of `size` bytes may not come in."""
        if size > self.max_bytes:
            raise DeitaError(
                "too_large", "The file is larger than this server takes.", details={"limit": self.max_bytes}
            )
        if self.quota is not None and self.used + size > self.quota:
            raise DeitaError(
                "quota_exceeded",
                "The file does not fit into what this workspace may take.",
                hint="Delete files that nobody needs, or ask for a larger quota.",
                details={"quota": self.quota, "used": self.used, "size": size},
            )
