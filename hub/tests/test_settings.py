"""Settings: defaults, what is refused, and that a message never shows a secret."""

import os
import sys
from pathlib import Path

import pytest
from deita_hub import secret_files, settings
from deita_hub.settings import SettingsError


def test_defaults_lie_in_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings.load({})
    assert found.home == tmp_path / ".deita"
    assert found.ports.public == 8000
    assert found.database_url == f"sqlite:///{tmp_path}/.deita/catalog.sqlite"
    assert found.storage == tmp_path / ".deita" / "storage"
    assert found.trust_everyone is False
    assert found.server_command == (sys.executable, "-m", "deita_server")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEITA_STORAGE", "s3://bucket/prefix", "s3:// is not supported"),
        ("DEITA_STORAGE", "relative/folder", "file:///"),
        ("DEITA_PORT", "eighty", "DEITA_PORT"),
        ("DEITA_PORT", "70000", "DEITA_PORT"),
        ("DEITA_TRUST_EVERYONE", "perhaps", "DEITA_TRUST_EVERYONE"),
        ("DEITA_QUOTA_BYTES", "10 GB", "DEITA_QUOTA_BYTES"),
        ("DEITA_DATABASE_URL", "postgresql://deita:geheim@db/deita", "DEITA_DATABASE_URL"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load({name: value})
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_a_secret_setting_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"sqlite:///{tmp_path}/other.sqlite\n")
    file.chmod(0o600)
    assert settings.load({"DEITA_DATABASE_URL_FILE": str(file)}).database_url == f"sqlite:///{tmp_path}/other.sqlite"


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("sqlite:///x", 0o644)])
def test_an_empty_or_world_readable_secret_file_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    file = tmp_path / "url"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(SettingsError, match="DEITA_DATABASE_URL_FILE"):
        settings.load({"DEITA_DATABASE_URL_FILE": str(file)})


def test_children_read_the_same_settings(tmp_path: Path) -> None:
    given = {"DEITA_TRUST_EVERYONE": "yes", "DEITA_SAMPLES": "0", "DEITA_QUOTA_BYTES": "5"}
    here = settings.load({"DEITA_HOME": str(tmp_path), **given})
    child = settings.load(here.environment())
    assert (child.home, child.storage, child.database_url) == (here.home, here.storage, here.database_url)
    assert (child.trust_everyone, child.samples, child.server_command) == (True, False, here.server_command)
    assert (child.quota_bytes, settings.load(settings.load({}).environment()).quota_bytes) == (5, None)


def test_secrets_are_made_once_and_are_for_their_owner_only(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path)})
    first = secret_files.load(here)
    assert secret_files.load(here) == first
    assert here.secrets_dir.stat().st_mode & 0o777 == 0o700
    files = list(here.secrets_dir.iterdir())
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert len({file.read_text() for file in files}) == len(secret_files.SETTINGS)
    assert first.proxy_token not in repr(first)


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("short", 0o600), ("x" * 64, 0o644)])
def test_a_weak_or_readable_secret_stops_the_start_by_name(tmp_path: Path, content: str, mode: int) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path)})
    secret_files.load(here)
    file = here.secrets_dir / "proxy_token"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(SettingsError, match="DEITA_PROXY_TOKEN") as refused:
        secret_files.load(here)
    assert not content or content not in str(refused.value)


def test_an_open_secrets_folder_stops_the_start(tmp_path: Path) -> None:
    here = settings.load({"DEITA_HOME": str(tmp_path)})
    here.secrets_dir.mkdir()
    os.chmod(here.secrets_dir, 0o755)  # noqa: PTH101 - the mode is the point
    with pytest.raises(SettingsError, match="secrets"):
        secret_files.load(here)
