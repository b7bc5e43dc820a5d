"""The command line as its user sees it."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from deita_hub import isolation, settings
from deita_hub.cli.check import PROBES
from deita_hub.sandbox import probe

VERBS = [
    ("up",),
    ("token",),
    ("user", "add"),
    ("user", "list"),
    ("user", "link"),
    ("user", "remove"),
    ("workspace", "list"),
    ("workspace", "create"),
    ("workspace", "start"),
    ("workspace", "stop"),
    ("workspace", "delete"),
    ("workspace", "restore"),
    ("workspace", "add"),
    ("workspace", "members"),
    ("workspace", "remove"),
    ("workspace", "upkeep"),
    ("backup",),
    ("restore",),
    ("verify",),
    ("drill",),
    ("secrets", "list"),
    ("secrets", "check"),
    ("secrets", "init"),
    ("secrets", "rotate"),
    ("migrate",),
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


def test_upkeep_is_done_when_it_is_asked_for(deita: Any) -> None:
    deita.cli("workspace", "create", "Kept", "--slug", "kept")
    assert "0 tables compacted" in deita.cli("workspace", "upkeep", "kept").stdout
    done = json.loads(deita.cli("workspace", "upkeep", "kept", "--json").stdout)
    assert done["last"] and done["did"]["files"] == 0
    refused = deita.cli("workspace", "upkeep", "nowhere", check=False)
    assert refused.returncode == 1 and "404" in refused.stderr


def test_a_member_added_sees_the_workspace(deita: Any, tokens: dict[str, str]) -> None:
    deita.cli("workspace", "create", "Shared", "--slug", "shared-by-me")
    deita.cli("workspace", "add", "shared-by-me", "ana")
    listed = json.loads(deita.cli("workspace", "list", "--as", "ana", "--json").stdout)["items"]
    assert next(each for each in listed if each["slug"] == "shared-by-me")["role"] == "editor"
    refused = deita.cli("workspace", "add", "shared-by-me", "ana", "--as", "stranger", check=False)
    assert refused.returncode == 1
    deita.cli("workspace", "add", "shared-by-me", "ana", "--role", "viewer")
    assert deita.cli("workspace", "members", "shared-by-me").stdout.split() == ["viewer", "ana", "owner", "me"]
    deita.cli("workspace", "remove", "shared-by-me", "ana")
    assert deita.cli("workspace", "members", "shared-by-me").stdout.split() == ["owner", "me"]
    assert "only owner" in deita.cli("workspace", "remove", "shared-by-me", "me", check=False).stderr


def test_check_says_what_is_in_force_and_what_is_not_protected(deita: Any) -> None:
    found = json.loads(deita.cli("check", "--json").stdout)
    by_name = {each["name"]: each for each in found["items"]}
    assert found["fine"] is True
    assert set(by_name) == set(PROBES)
    assert by_name["limits"]["text"] == "no limit on memory, none on processes"
    assert by_name["mounts"]["text"].startswith("bind: ")
    in_force = isolation.resolve(settings.load({})).sandbox
    assert by_name["isolation"]["text"].startswith(f"{in_force}: ")
    assert "ot protected" in by_name["isolation"]["text"] or "can read the files" in by_name["isolation"]["text"]
    assert ("sandbox" in by_name["trust"]["text"]) is (in_force == "bubblewrap")


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


def test_without_a_sandbox_anyone_but_the_owner_needs_trust(alone: Any) -> None:
    alone.environment["DEITA_SANDBOX"] = "none"
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


def test_trust_without_a_sandbox_is_warned_about(alone: Any) -> None:
    alone.start("--trust-everyone")
    try:
        assert alone.cli("token", "ana").returncode == 0
        assert "everyone is trusted" in alone.cli("check").stdout
    finally:
        alone.stop()
    assert "Warning: everyone is trusted" in (alone.home.parent / "home.stderr").read_text()


@pytest.mark.skipif(probe.obstacle() is not None, reason=f"no sandbox here: {probe.obstacle()}")
def test_with_a_sandbox_others_may_come_in(alone: Any) -> None:
    alone.environment["DEITA_SANDBOX"] = "bubblewrap"
    alone.cli("user", "add", "ana")
    alone.start()
    try:
        with alone.client(alone.token("ana")) as ana:
            assert ana.get("/me").json()["name"] == "ana"
    finally:
        alone.stop()


def test_a_sandbox_that_is_demanded_and_impossible_stops_the_start(alone: Any, tmp_path: Any) -> None:
    hopeless = {"DEITA_SANDBOX": "bubblewrap", "PATH": str(tmp_path), "DEITA_NODE": sys.executable}
    alone.environment, kept = {**alone.environment, **hopeless}, alone.environment
    try:
        for arguments in (("up",), ("user", "add", "ana")):
            refused = alone.cli(*arguments, check=False)
            assert refused.returncode == 1
            assert "DEITA_SANDBOX=bubblewrap: bubblewrap is not installed" in refused.stderr
    finally:
        alone.environment = kept
