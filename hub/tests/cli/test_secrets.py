"""`deita secrets`: looked at, judged and made anew without ever being printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from deita_hub import secret_files, settings
from deita_hub.cli import main

from tests.servers.foreign import Foreign


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEITA_HOME", str(tmp_path))
    return tmp_path


def run(*words: str) -> Any:
    return CliRunner().invoke(main, ["secrets", *words])


def test_they_are_made_once_listed_with_their_age_and_never_printed(home: Path) -> None:
    assert "not made yet" in run("list").output and not (home / "secrets").exists()
    assert run("init").exit_code == 0
    values = {file.name: file.read_text() for file in (home / "secrets").iterdir()}
    assert set(values) == set(secret_files.EVERY)
    said = [run(*words).output for words in (("init",), ("list",), ("list", "--json"), ("check",), ("check", "--json"))]
    assert values == {file.name: file.read_text() for file in (home / "secrets").iterdir()}
    assert not [value for value in values.values() for text in said if value in text]
    assert "0 days old" in said[1] and "as they should be" in said[3]


@pytest.mark.parametrize(
    ("value", "mode"), [("changeme", 0o600), ("a" * 40, 0o600), ("0123456789abcdef" * 4, 0o644), ("", 0o600)]
)
def test_a_bad_one_is_named_and_is_no_start(home: Path, value: str, mode: int) -> None:
    run("init")
    bad = home / "secrets" / "proxy_token"
    bad.write_text(value)
    bad.chmod(mode)
    checked = run("check")
    assert checked.exit_code == 1
    assert "DEITA_PROXY_TOKEN" in checked.output and (not value or value not in checked.output)
    with pytest.raises(settings.SettingsError, match="DEITA_PROXY_TOKEN"):
        secret_files.load(settings.load())


def test_one_that_a_setting_gives_is_changed_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEITA_COOKIE_SECRET_FILE", str(home / "elsewhere"))
    assert "elsewhere" not in run("list").output
    assert "DEITA_COOKIE_SECRET_FILE gives" in run("rotate", "cookie_secret").output
    assert "is not there" in run("check").output


def test_a_token_that_was_replaced_opens_nothing_and_connections_are_sealed_anew(alone: Any, foreign: Foreign) -> None:
    alone.start()
    with alone.client(alone.token("me")) as client:
        slug = client.post("/workspaces", json={"name": "Rotated"}).json()["slug"]
        client.post(f"/workspaces/{slug}/connections", json={"name": "crm", **foreign.connection})
    key = alone.home / "secrets" / "connections_key"
    sealed_with = key.read_text()
    file = alone.home / "secrets" / "operator_token"
    old = file.read_text()
    assert "stop it first" in alone.cli("secrets", "rotate", "operator_token", check=False).stderr
    alone.stop()
    for name in secret_files.SETTINGS:
        assert json.loads(alone.cli("secrets", "rotate", name, "--json").stdout) == {"name": name, "rotated": True}
    alone.start()
    assert file.read_text() != old
    for token, status in ((old, 403), (file.read_text(), 200)):
        answer = httpx.get(f"{alone.url}/hub/api/users", headers={"Authorization": f"token {token}"}, trust_env=False)
        assert answer.status_code == status
    assert alone.cli("workspace", "list").stdout
    assert key.read_text() != sealed_with and not key.with_name(secret_files.BEFORE).exists()
    assert "not encrypted" in alone.cli("connection", "test", slug, "crm").stdout
    alone.stop()


def test_every_rotation_is_written_down(alone: Any) -> None:
    from deita_hub.catalog.database import Catalog
    from deita_hub.catalog.models import AuditEntry

    catalog = Catalog(f"sqlite:///{alone.home / 'catalog.sqlite'}")
    with catalog.read() as session:
        entries = session.query(AuditEntry).filter(AuditEntry.action == "rotate-secret").all()
        assert {entry.details["name"] for entry in entries} == set(secret_files.SETTINGS)
    catalog.close()
