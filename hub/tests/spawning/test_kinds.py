"""Which spawner is chosen, what it needs, and what it is told about addresses."""

from __future__ import annotations

import os
import sys

import pytest
from deita_hub import doors, isolation, settings
from deita_hub.settings import SettingsError
from deita_hub.spawning import kinds

DOCKER = {"DEITA_SPAWNER": "docker", "DEITA_SERVER_IMAGE": "deita:1"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DEITA_SPAWNER": "slurm"}, "DEITA_SPAWNER must be one of local, docker, kubernetes, systemd"),
        ({"DEITA_SPAWNER": "docker"}, "needs DEITA_SERVER_IMAGE"),
        ({**DOCKER, "DEITA_SERVER_CPUS": "many"}, "DEITA_SERVER_CPUS must be a number of processors"),
        ({**DOCKER, "DEITA_SERVER_CPUS": "nan"}, "DEITA_SERVER_CPUS must be a number of processors"),
        ({**DOCKER, "DEITA_SERVER_USER": "ana"}, "DEITA_SERVER_USER must be a number"),
        ({"DEITA_SPAWNER": "systemd"}, "needs DEITA_SERVER_USER"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings.load(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({**DOCKER, "DEITA_SANDBOX_NETWORK": "none"}, "is for DEITA_SPAWNER=local"),
        ({**DOCKER, "DEITA_SPAWNER": "kubernetes"}, "needs DEITA_LISTEN and DEITA_HUB_ADDRESS"),
        (
            {**DOCKER, "DEITA_SPAWNER": "kubernetes", "DEITA_LISTEN": "0.0.0.0", "DEITA_HUB_ADDRESS": "hub"},
            "needs DEITA_SERVER_STORAGE",
        ),
        ({"DEITA_SPAWNER": "systemd", "DEITA_SERVER_USER": str(os.geteuid() or 1000)}, "systemd"),
    ],
)
def test_a_start_is_refused_that_cannot_work(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        isolation.resolve(settings.load(given))


def test_a_library_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deita_hub.spawning.docker_engine", None)
    with pytest.raises(SettingsError, match=r"install deita-hub\[docker\]"):
        kinds.walls(settings.load(DOCKER))


def test_children_read_the_same_settings() -> None:
    given = {**DOCKER, "DEITA_LISTEN": "172.18.0.1", "DEITA_HUB_ADDRESS": "hub", "DEITA_SERVER_CPUS": "0.5"}
    found = settings.load(given)
    assert settings.load(found.environment()).spawner == found.spawner
    assert (found.ports.hub, found.ports.service) == (8081, 8082)
    assert found.server_command[0] == "python"
    assert isolation.admits("ana", found)


def test_hub_and_control_plane_listen_where_containers_find_them() -> None:
    found = settings.load({**DOCKER, "DEITA_LISTEN": "127.0.0.2"})
    (entrance,) = doors.entrances(found, 0)
    with entrance:
        assert entrance.getsockname()[0] == "127.0.0.2"
    assert doors.entrances(settings.load({**DOCKER, "DEITA_LISTEN": "0.0.0.0"}), 0) == []
    assert doors.entrances(settings.load({}), 0) == []
