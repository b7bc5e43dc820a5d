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
    """What every kernel of this server gets; only the token differs. Without a `spool`, results come by HTTP.

    `files` is the folder with the workspace's files under their names, `notebooks` that of its notebooks, where they
    have one.
    """

    api: str
    workspace: str
    spool: Path | None
    profile: Path
    egress: str = ""
    """The proxy that leads outside, where a server has no other way."""
    files: Path | None = None
    notebooks: Path | None = None

    def build(self, given: Mapping[str, str], token: str, own: Path | None = None) -> dict[str, str]:
        """Return the environment of a new kernel from what its starter meant to hand over (often the server's own).

        A kernel with a folder of its `own` keeps everything there.
        """
        built = {
            **{name: value for name, value in given.items() if not carries_rights(name)},
            **_QUIET,
            **self._way_out(),
            "IPYTHONDIR": str(self.profile),
            "DEITA_API": self.api,
            "DEITA_TOKEN": token,
            "DEITA_WORKSPACE": self.workspace,
        }
        if own is not None:
            built |= {"HOME": str(own), "TMPDIR": str(own), "IPYTHONDIR": str(own / "ipython")}
        folders = {"DEITA_SPOOL": self.spool, "DEITA_FILES": self.files, "DEITA_NOTEBOOKS": self.notebooks}
        return {**built, **{name: str(folder) for name, folder in folders.items() if folder is not None}}

    def _way_out(self) -> dict[str, str]:
        """What libraries and programs look for: some read the one spelling, some the other."""
        if not self.egress:
            return {}
        names = {"https_proxy": self.egress, "no_proxy": "127.0.0.1,localhost"}
        return {**names, **{name.upper(): value for name, value in names.items()}}


def carries_rights(name: str) -> bool:
    """Say whether a variable of this name stays with the server."""
    return name.startswith(_SECRET_PREFIXES) or _SECRET_WORDS.search(name) is not None
