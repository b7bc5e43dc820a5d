"""Which databases may be named, by whom, in which profile."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deita_hub import settings
from deita_hub.connections.hosts import HostRefusedError, HostUnknownError, address_of
from deita_hub.connections.sealing import SealBrokenError, Sealing
from deita_hub.settings import Settings, SettingsError

OWN = {"DEITA_DATABASE_URL": "postgresql://u:p@127.0.0.1:5433/deita"}


def with_settings(**environ: str) -> Settings:
    return settings.load({"DEITA_HOME": "/nowhere", **environ})


@pytest.mark.parametrize(
    ("environ", "host", "port", "by", "allowed"),
    [
        ({}, "127.0.0.1", 5432, "me", True),
        ({}, "127.0.0.1", 5432, "ana", False),
        ({}, "::1", 5432, "ana", False),
        ({}, "::ffff:127.0.0.1", 5432, "ana", False),
        ({}, "10.1.2.3", 5432, "ana", True),
        ({}, "169.254.169.254", 80, "me", False),
        ({}, "0.0.0.0", 5432, "me", False),
        (OWN, "127.0.0.1", 5433, "me", False),
        (OWN, "localhost", 5433, "me", False),
        ({"DEITA_PORT": "8123"}, "127.0.0.1", 8123, "me", False),
        ({"DEITA_PROFILE": "production"}, "10.1.2.3", 5432, "me", False),
        ({"DEITA_PROFILE": "production", "DEITA_CONNECTIONS_ALLOW": "10.1.2.3:5432"}, "10.1.2.3", 5432, "ana", True),
        ({"DEITA_CONNECTIONS_ALLOW": "10.1.2.3:5432"}, "10.1.2.3", 5433, "me", False),
        ({"DEITA_CONNECTIONS_ALLOW": "127.0.0.1:5432"}, "127.0.0.1", 5432, "ana", True),
        ({"DEITA_CONNECTIONS_ALLOW": "169.254.169.254:80"}, "169.254.169.254", 80, "me", False),
    ],
)
async def test_a_host_is_open_or_not(environ: dict[str, str], host: str, port: int, by: str, allowed: bool) -> None:
    looked: Any = address_of(with_settings(**environ), host, port, by)
    if allowed:
        assert await looked == host
    else:
        with pytest.raises(HostRefusedError):
            await looked


async def test_a_name_is_looked_up_and_an_unknown_one_is_said() -> None:
    assert await address_of(with_settings(), "localhost", 5432, "me") in ("127.0.0.1", "::1")
    with pytest.raises(HostUnknownError):
        await address_of(with_settings(), "nowhere.invalid", 5432, "me")


def test_the_setting_is_handed_on_and_a_bad_one_is_named() -> None:
    given = with_settings(DEITA_CONNECTIONS_ALLOW="db.example.org:5432,*.example.org:6432")
    again = settings.load(given.environment())
    assert again.connections == given.connections and given.connections
    assert replace(given, connections=None).connections is None
    with pytest.raises(SettingsError, match="DEITA_CONNECTIONS_ALLOW must be"):
        with_settings(DEITA_CONNECTIONS_ALLOW="db.example.org")


def test_what_is_sealed_opens_with_its_key_for_its_connection_only() -> None:
    key, other = "0123456789abcdef" * 4, "fedcba9876543210" * 4
    sealed = Sealing(key).seal("secret", "one")
    assert "secret" not in sealed and Sealing(key).open(sealed, "one") == "secret"
    moved = Sealing(other, key).again(sealed)
    assert Sealing(other).open(moved, "one") == "secret"
    for sealing, connection in ((Sealing(key), "two"), (Sealing(other), "one")):
        with pytest.raises(SealBrokenError):
            sealing.open(sealed, connection)
