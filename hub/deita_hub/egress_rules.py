"""Which addresses outside may be reached: `DEITA_EGRESS_ALLOW` by servers, `DEITA_CONNECTIONS_ALLOW` by connections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deita_hub.setting_values import SettingsError

RULE = re.compile(r"(\*\.)?([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?):([0-9]{1,5})")


@dataclass(frozen=True)
class Rule:
    """A host and a port; `*.example.org` stands for every name below it and not for itself."""

    host: str
    port: int

    def allows(self, host: str, port: int) -> bool:
        """Whether it names this address; names are in lower case."""
        named = host.endswith(self.host[1:]) if self.host.startswith("*.") else host == self.host
        return named and port == self.port

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def rules(value: str, setting: str = "DEITA_EGRESS_ALLOW") -> tuple[Rule, ...]:
    """The rules of the setting. Raises `SettingsError`."""
    return tuple(_rule(text.strip().lower(), setting) for text in value.split(",") if text.strip())


def _rule(text: str, setting: str) -> Rule:
    found = RULE.fullmatch(text)
    if found is None or not 0 < int(found[3]) < 65536:
        raise SettingsError(f"{setting} must be host:port, or *.host:port, with commas between them.")
    return Rule((found[1] or "") + found[2], int(found[3]))
