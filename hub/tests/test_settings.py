"""Settings: defaults, what is refused, and that a message never shows a secret."""

import os
import sys
from pathlib import Path

import pytest
from deita_hub import secret_files, settings
from deita_hub.settings import SettingsError
from sqlalchemy import make_url


def test_defaults_lie_in_the_current_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings.load({})
    assert found.home == tmp_path / ".deita"
    assert found.ports.public == 8000
    assert found.database_url == f"sqlite:///{tmp_path}/.deita/catalog.sqlite"
    assert found.storage == tmp_path / ".deita" / "storage"
    assert found.trust_everyone is False
    assert found.server_command == (sys.executable, "-P", "-m", "deita_server")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DEITA_STORAGE", "s3://bucket/prefix", "DEITA_S3_ROLE"),
        ("DEITA_STORAGE", "s3:///prefix", "bucket"),
        ("DEITA_STORAGE", "s3://bucket/a/../b", "prefix"),
        ("DEITA_STORAGE", "relative/folder", "file:///"),
        ("DEITA_PORT", "eighty", "DEITA_PORT"),
        ("DEITA_PORT", "70000", "DEITA_PORT"),
        ("DEITA_TRUST_EVERYONE", "perhaps", "DEITA_TRUST_EVERYONE"),
        ("DEITA_QUOTA_BYTES", "10 GB", "DEITA_QUOTA_BYTES"),
        ("DEITA_DATABASE_URL", "mysql://deita:geheim@db/deita", "DEITA_DATABASE_URL"),
        ("DEITA_DATABASE_URL", "postgresql://deita:geheim@db", "DEITA_DATABASE_URL"),
        ("DEITA_DATABASE_URL", "postgresql://deita:geheim@[db/deita", "DEITA_DATABASE_URL"),
        ("DEITA_SANDBOX", "strong", "auto, bubblewrap, none"),
        ("DEITA_SANDBOX_NETWORK", "vpn", "shared, none"),
        ("DEITA_MOUNTS", "nfs", "auto, none"),
        ("DEITA_SANDBOX_READABLE", "/data:relative", "absolute paths"),
        ("DEITA_SERVER_MEMORY", "4 GB", "DEITA_SERVER_MEMORY must be a number of bytes"),
        ("DEITA_SERVER_PROCESSES", "-1", "DEITA_SERVER_PROCESSES must be a number of processes"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(name: str, value: str, said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load({name: value})
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value)


def test_storage_in_a_bucket_keeps_its_folders_at_home(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("geheim\n")
    secret.chmod(0o600)
    given = {
        "DEITA_HOME": str(tmp_path),
        "DEITA_STORAGE": "s3://bucket/some/prefix/",
        "DEITA_S3_ENDPOINT": "http://127.0.0.1:9000/",
        "DEITA_S3_ROLE": "arn:aws:iam::role/Workspaces",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY_FILE": str(secret),
    }
    here = settings.load(given)
    assert here.storage == tmp_path / "local"
    assert here.objects is not None
    assert (here.objects.url, here.objects.endpoint) == ("s3://bucket/some/prefix", "http://127.0.0.1:9000")
    assert here.objects.secret_access_key == "geheim"
    assert "geheim" not in repr(here.objects)
    assert settings.load(here.environment()).objects == here.objects


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"AWS_SECRET_ACCESS_KEY": ""}, "go together"),
        ({"DEITA_S3_ENDPOINT": "127.0.0.1:9000"}, "DEITA_S3_ENDPOINT"),
    ],
)
def test_a_bucket_that_cannot_be_reached_so_is_refused(changed: dict[str, str], said: str) -> None:
    given = {
        "DEITA_STORAGE": "s3://bucket",
        "DEITA_S3_ROLE": "role",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "geheim",
    }
    with pytest.raises(SettingsError, match=said):
        settings.load({**given, **changed})


def test_a_secret_setting_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text(f"sqlite:///{tmp_path}/other.sqlite\n")
    file.chmod(0o600)
    assert settings.load({"DEITA_DATABASE_URL_FILE": str(file)}).database_url == f"sqlite:///{tmp_path}/other.sqlite"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_postgresql_url_is_taken_in_each_of_its_spellings_and_never_shown(scheme: str) -> None:
    here = settings.load({"DEITA_DATABASE_URL": f"{scheme}://deita:gehe%40im@db/deita?sslmode=require"})
    assert here.database_url == "postgresql+psycopg://deita:gehe%40im@db/deita?sslmode=require"
    assert here.database == "postgresql"
    hub = make_url(here.hub_database_url)
    assert hub.set(query={}) == make_url(here.database_url).set(query={})
    assert hub.query["sslmode"] == "require" and "-c search_path=deita_hub " in hub.query["options"]
    assert "gehe" not in repr(here)


def test_children_read_a_secret_file_themselves(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://deita:geheim@db/deita")
    file.chmod(0o600)
    here = settings.load({"DEITA_DATABASE_URL_FILE": str(file)})
    assert "geheim" not in str(here.environment())
    assert settings.load(here.environment()).database_url == here.database_url


@pytest.mark.parametrize(("content", "mode"), [("", 0o600), ("sqlite:///x", 0o644)])
def test_an_empty_or_world_readable_secret_file_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    file = tmp_path / "url"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(SettingsError, match="DEITA_DATABASE_URL_FILE"):
        settings.load({"DEITA_DATABASE_URL_FILE": str(file)})


def test_children_read_the_same_settings(tmp_path: Path) -> None:
    given = {"DEITA_TRUST_EVERYONE": "yes", "DEITA_SAMPLES": "0", "DEITA_QUOTA_BYTES": "5"}
    given |= {"DEITA_SANDBOX": "none", "DEITA_SANDBOX_READABLE": "/data:/more", "DEITA_SERVER_MEMORY": "7"}
    here = settings.load({"DEITA_HOME": str(tmp_path), **given})
    child = settings.load(here.environment())
    assert (child.home, child.storage, child.database_url) == (here.home, here.storage, here.database_url)
    assert (child.trust_everyone, child.samples, child.server_command) == (True, False, here.server_command)
    assert (child.sandbox, child.sandbox_readable) == ("none", (Path("/data"), Path("/more")))
    assert (child.server_memory, child.server_processes) == (7, None)
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
