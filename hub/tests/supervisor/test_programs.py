"""Finding Node and the proxy, and how they are called."""

import subprocess
from pathlib import Path

import pytest
from deita_hub import secret_files, settings
from deita_hub.settings import SettingsError
from deita_hub.supervisor import programs


def test_node_is_new_enough_and_found() -> None:
    node = programs.find_node(settings.load({}))
    assert int(programs.node_version(node).removeprefix("v").split(".")[0]) >= programs.OLDEST_NODE


def test_an_old_node_is_refused_by_name(tmp_path: Path) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.0.0\n")
    old.chmod(0o755)
    with pytest.raises(SettingsError, match="DEITA_NODE"):
        programs.find_node(settings.load({"DEITA_NODE": str(old)}))


def test_an_old_node_on_path_gives_way_to_the_wheel_or_a_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match="make run"):
        programs.find_node(settings.load({}))


def test_a_missing_proxy_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DEITA_PROXY"):
        programs.find_proxy(settings.load({"DEITA_PROXY": str(tmp_path / "nothing")}))


def test_secrets_stand_in_no_command_line_and_reach_only_who_needs_them(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    secrets = secret_files.load(here)
    for program in programs.programs(here, secrets):
        assert secrets.proxy_token not in " ".join(program.command)
        assert (secrets.proxy_token in program.environment.values()) == (program.name == "proxy")
        assert secrets.service_token not in program.environment.values()


def test_the_proxy_waits_as_long_as_an_upload_takes() -> None:
    node = programs.find_node(settings.load({}))
    asked = "console.log(require('node:http').createServer().requestTimeout)"
    command = [node, "--require", str(programs.LONG_UPLOADS), "-e", asked]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "0"
