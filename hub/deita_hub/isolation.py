"""Which walls stand between people here, who may come in because of them, and what they do not protect against."""

from __future__ import annotations

import os

from deita_hub.settings import OWNER, Settings, SettingsError
from deita_hub.spawning import kinds

HOW_TO_ADMIT = (
    "Install bubblewrap (`deita check` says what is in its way), or let others in all the same: start Deita with "
    "`deita up --trust-everyone` or DEITA_TRUST_EVERYONE=1."
)


def resolve(settings: Settings) -> Settings:
    """Settings that say which walls are in force instead of what is wished.

    Raises `SettingsError` when walls are demanded that cannot stand here.
    """
    if not settings.spawner.is_local and settings.sandbox_network == "none":
        raise SettingsError("DEITA_SANDBOX_NETWORK=none is for DEITA_SPAWNER=local; elsewhere networks are made so.")
    offline = settings.sandbox_network == "none" or settings.spawner.in_image
    if settings.egress and not offline:
        raise SettingsError(
            "DEITA_EGRESS_ALLOW is for servers without a network: set DEITA_SANDBOX_NETWORK=none, or put them into "
            "containers or pods that reach nothing else."
        )
    return kinds.walls(settings).resolve(settings)


def name(settings: Settings) -> str:
    """The walls in force in a word, as a server says it; `settings` are resolved."""
    if not settings.spawner.is_local:
        return settings.spawner.kind
    offline = settings.sandbox != "none" and settings.sandbox_network == "none"
    return f"{settings.sandbox}-no-network" if offline else settings.sandbox


def described(settings: Settings) -> str:
    """What is in force here and what it does not protect against; `settings` are resolved. Raises `SettingsError`."""
    return kinds.walls(settings).described(settings)


def walled(settings: Settings) -> bool:
    """Whether something stands between people; `settings` are resolved."""
    return not settings.spawner.is_local or settings.sandbox == "bubblewrap"


def limits(settings: Settings) -> str:
    """What bounds one server. Local ones are bounded process by process (rlimits), others as a whole."""
    memory, processes, local = settings.server_memory, settings.server_processes, settings.spawner.is_local
    each = "private memory for each process of a server" if local else "memory for a server"
    words = [
        "no limit on memory" if memory is None else f"{memory:,} bytes of {each}",
        "none on processes" if processes is None else f"{processes:,} processes and threads for a server",
    ]
    if processes is not None and local and os.geteuid() == 0:
        words.append("which is not in force, because root runs Deita")
    return ", ".join(words)


def admits(person: str, settings: Settings) -> bool:
    """Whether this person may sign in and work; `settings` are resolved."""
    return person == OWNER or settings.trust_everyone or walled(settings)
