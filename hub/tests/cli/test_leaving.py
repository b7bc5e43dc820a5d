"""A person leaves: their rights end, what they made stays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest


def client_of(deita: Any, name: str) -> httpx.Client:
    token = deita.cli("token", name).stdout.split()[-1]
    return httpx.Client(
        base_url=f"{deita.url}/services/deita/api/v1", headers={"Authorization": f"token {token}"}, timeout=60
    )


@pytest.fixture
def leaver(deita: Any) -> str:
    """Somebody who owns one workspace alone, edits another one, and had a third that is deleted."""
    deita.cli("workspace", "create", "Team", "--slug", "team-of-me")
    deita.cli("workspace", "add", "team-of-me", "leo")
    deita.cli("workspace", "create", "Solo", "--slug", "leos-own", "--as", "leo")
    deita.cli("workspace", "create", "Gone", "--slug", "leos-gone", "--as", "leo")
    deita.cli("workspace", "delete", "leos-gone", "--as", "leo")
    return "leo"


def test_who_leaves_is_out_and_what_they_made_is_there(deita: Any, leaver: str, open_server: Any) -> None:
    with client_of(deita, leaver) as leo:
        for slug in ("leos-own", "team-of-me"):
            open_server(slug, leo)
        link = deita.cli("user", "link", leaver).stdout.strip()
        own = list((Path(deita.home) / "storage").glob(f"*/people/{leaver}"))
        assert len(own) == 2

        alone = deita.cli("user", "remove", leaver, check=False)
        assert alone.returncode == 1 and "leos-gone, leos-own" in alone.stderr
        assert leo.get("/workspaces").status_code == 200

        done = json.loads(deita.cli("user", "remove", leaver, "--give-to", "me", "--json").stdout)
        assert done["given"] == ["leos-gone", "leos-own"] and done["left"] == [*done["given"], "team-of-me"]
        servers = [each for each in deita.processes() if each.environ().get("DEITA_PERSON") == leaver]
        assert servers == [] and not [path for path in own if path.exists()]
    assert leaver not in [each["name"] for each in json.loads(deita.cli("user", "list", "--json").stdout)["items"]]
    assert deita.cli("workspace", "members", "leos-own").stdout.split() == ["owner", "me"]
    assert deita.cli("workspace", "restore", "leos-gone").returncode == 0
    assert deita.cli("workspace", "members", "team-of-me").stdout.split() == ["owner", "me"]
    assert httpx.get(link, follow_redirects=False).status_code == 403
    assert deita.cli("user", "remove", leaver, check=False).returncode == 1
    with client_of(deita, leaver) as namesake:
        assert namesake.get("/workspaces").json()["items"] == []


def test_a_token_of_who_left_opens_nothing(deita: Any, until: Any) -> None:
    with client_of(deita, "lea") as lea:
        assert lea.get("/workspaces").status_code == 200
        deita.cli("user", "remove", "lea")
        until(lambda: lea.get("/workspaces").status_code in (401, 403), 30, "the token's end")


@pytest.mark.parametrize(
    ("words", "said"),
    [(("me",), "me stays"), (("nobody-here",), "nobody of that name"), (("ana", "--give-to", "ana"), "ana stays")],
)
def test_who_cannot_leave_is_told(deita: Any, tokens: dict[str, str], words: tuple[str, ...], said: str) -> None:
    refused = deita.cli("user", "remove", *words, check=False)
    assert refused.returncode == 1 and said in refused.stderr
