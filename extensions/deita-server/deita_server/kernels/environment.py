"""What a kernel finds in its environment: the server's without what opens doors, and the way to the data plane."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Names that carry rights (the hub's, a cloud's, anybody's secrets), and ours, which are set anew for each kernel.
_SECRET_PREFIXES = ("JUPYTERHUB_", "DEITA_", "AWS_", "CONFIGPROXY_", "PG")
_SECRET_WORDS = re.compile(r"(^|_)(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|CREDENTIALS?|COOKIE|KEY)(_|$)", re.IGNORECASE)
# Where kernels' libraries would call home or read a person's own configuration.
_QUIET = {"PLOOMBER_STATS_ENABLED": "false", "PLOOMBER_VERSION_CHECK_DISABLED": "true", "DO_NOT_TRACK": "1"}


@dataclass(frozen=True)
class KernelEnvironment:
    """What every kernel of this server gets; only the token differs."""

    api: str
    workspace: str
    spool: Path
    profile: Path

    def build(self, given: Mapping[str, str], token: str) -> dict[str, str]:
        """Return the environment of a new kernel from what its starter meant to hand over (often the server's own)."""
        return {
            **{name: value for name, value in given.items() if not carries_rights(name)},
            **_QUIET,
            "IPYTHONDIR": str(self.profile),
            "DEITA_API": self.api,
            "DEITA_TOKEN": token,
            "DEITA_WORKSPACE": self.workspace,
            "DEITA_SPOOL": str(self.spool),
        }


def carries_rights(name: str) -> bool:
    """Say whether a variable of this name stays with the server."""
    return name.startswith(_SECRET_PREFIXES) or _SECRET_WORDS.search(name) is not None
