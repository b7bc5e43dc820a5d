"""The command line as its user sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

VERBS = [
    ("up",),
    ("token",),
    ("user", "add"),
    ("user", "list"),
    ("user", "link"),
    ("workspace", "list"),
    ("workspace", "create"),
    ("workspace", "start"),
    ("workspace", "stop"),
    ("workspace", "delete"),
    ("workspace", "restore"),
    ("workspace", "add"),
    ("check",),
    ("version",),
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_has_help_and_json(deita: Any, verb: tuple[str, ...]) -> None:
    said = deita.cli(*verb, "--help").stdout
    assert "--json" in said
    assert "--help" in said


def test_the_token_is_the_last_word(deita: Any, tokens: dict[str, str]) -> None:
    assert deita.cli("token", "me").stdout.split()[-1].isalnum()
    made = json.loads(deita.cli("token", "me", "--days", "1", "--json").stdout)
    assert (made["user"], made["days"]) == ("me", 1)


@pytest.mark.parametrize("name", ["dash-shop", "Ana", "a b", "../me"])
def test_names_that_nobody_may_have_are_refused(deita: Any, name: str) -> None:
    refused = deita.cli("token", name, check=False)
    assert refused.returncode == 1
    assert "Error" in refused.stderr


def test_admin_makes_an_administrator(deita: Any) -> None:
    deita.cli("token", "chief", "--admin")
    listed = json.loads(deita.cli("user", "list", "--json").stdout)["items"]
    assert {"name": "chief", "admin": True}.items() <= next(each for each in listed if each["name"] == "chief").items()


def test_a_workspace_from_creation_to_undo(deita: Any, until: Any) -> None:
    slug = deita.cli("workspace", "create", "From the shell", "--slug", "shell").stdout.strip()
    assert slug == "shell"
    assert json.loads(deita.cli("workspace", "start", slug, "--json").stdout)["server"]["state"] in (
        "starting",
        "ready",
    )
    until(lambda: " ready " in deita.cli("workspace", "list").stdout, 60, "ready")
    deita.cli("workspace", "stop", slug)
    assert "restore shell" in deita.cli("workspace", "delete", slug).stdout
    refused = deita.cli("workspace", "start", slug, check=False)
    assert (refused.returncode, "no such workspace" in refused.stderr) == (1, True)
    deita.cli("workspace", "restore", slug)
    assert "shell" in deita.cli("workspace", "list").stdout


def test_a_member_added_sees_the_workspace(deita: Any, tokens: dict[str, str]) -> None:
    deita.cli("workspace", "create", "Shared", "--slug", "shared-by-me")
    deita.cli("workspace", "add", "shared-by-me", "ana")
    listed = json.loads(deita.cli("workspace", "list", "--as", "ana", "--json").stdout)["items"]
    assert next(each for each in listed if each["slug"] == "shared-by-me")["role"] == "editor"
    refused = deita.cli("workspace", "add", "shared-by-me", "ana", "--as", "stranger", check=False)
    assert refused.returncode == 1


def test_check_says_what_is_in_force_and_what_is_not_protected(deita: Any) -> None:
    found = json.loads(deita.cli("check", "--json").stdout)
    by_name = {each["name"]: each for each in found["items"]}
    assert found["fine"] is True
    assert set(by_name) == {"python", "node", "proxy", "port", "isolation", "trust", "storage", "secrets"}
    assert by_name["isolation"]["text"].startswith("none")
    assert by_name["trust"]["text"] == "everyone is trusted"


def test_check_fails_when_something_is_broken(deita: Any) -> None:
    secret = deita.home / "secrets" / "session_secret"
    secret.chmod(0o644)
    try:
        found = deita.cli("check", check=False)
    finally:
        secret.chmod(0o600)
    assert found.returncode == 1
    assert "BROKEN  secrets" in found.stdout
    assert "DEITA_SESSION_SECRET" in found.stdout


def test_without_a_running_deita_it_says_so(alone: Any) -> None:
    for arguments in (("token", "me"), ("user", "link", "me"), ("workspace", "list")):
        refused = alone.cli(*arguments, check=False)
        assert refused.returncode == 1
        assert "not running" in refused.stderr
    assert alone.cli("check").returncode == 0


def test_anyone_but_the_owner_needs_trust(alone: Any) -> None:
    alone.start()
    try:
        for arguments in (("token", "ana"), ("user", "link", "ana"), ("user", "add", "ana")):
            refused = alone.cli(*arguments, check=False)
            assert refused.returncode == 1
            assert "--trust-everyone" in refused.stderr
            assert "DEITA_TRUST_EVERYONE=1" in refused.stderr
        assert alone.cli("token", "me").returncode == 0
    finally:
        alone.stop()
    assert "trusted" not in (alone.home.parent / "home.stderr").read_text()


def test_trust_is_warned_about(deita: Any) -> None:
    assert "Warning: everyone is trusted" in (deita.home.parent / "home.stderr").read_text()
