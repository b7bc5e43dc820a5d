"""Which walls are in force, and which demands are refused before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from deita_hub import isolation, settings
from deita_hub.sandbox import probe
from deita_hub.settings import SettingsError

walled = pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
OFFLINE = {"DEITA_SANDBOX_NETWORK": "none"}


def test_without_walls_only_the_owner_is_admitted() -> None:
    bare = isolation.resolve(settings.load({"DEITA_SANDBOX": "none"}))
    assert isolation.admits("me", bare)
    assert not isolation.admits("ana", bare)
    assert isolation.name(bare) == "none"
    assert "DEITA_SANDBOX=none keeps bubblewrap off" in isolation.described(bare)


@walled
def test_with_walls_others_are_admitted() -> None:
    walls = isolation.resolve(settings.load({}))
    assert isolation.admits("ana", walls)
    assert isolation.name(walls) == "bubblewrap"
    assert "every address that this machine reaches" in isolation.described(walls)


@walled
def test_the_network_can_be_taken_away(tmp_path: Path) -> None:
    walls = isolation.resolve(settings.load({"DEITA_HOME": str(tmp_path), **OFFLINE}))
    assert isolation.name(walls) == "bubblewrap-no-network"
    assert "no network but its way to hub and control plane" in isolation.described(walls)


@walled
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"DEITA_SANDBOX": "none"}, "keeps bubblewrap off"),
        ({"DEITA_DATABASE_URL": "postgresql://deita:geheim@db/deita"}, "would not reach"),
        ({"DEITA_HOME": f"/{'long' * 30}"}, "too long"),
    ],
)
def test_no_network_is_refused_where_it_cannot_work(tmp_path: Path, more: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=f"DEITA_SANDBOX_NETWORK=none: .*{said}"):
        isolation.resolve(settings.load({"DEITA_HOME": str(tmp_path), **OFFLINE, **more}))


def test_the_limits_on_a_server_are_said() -> None:
    limited = settings.load({"DEITA_SERVER_MEMORY": "3000000000", "DEITA_SERVER_PROCESSES": "400"})
    said = isolation.limits(limited)
    assert said.startswith("3,000,000,000 bytes of private memory for each process of a server, 400 processes")
    assert ("not in force" in said) is (os.geteuid() == 0)
