"""The scan of logs finds what it is there for, and is content with lines as they are."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.log_scan import leaks, leaks_below


@pytest.fixture
def home() -> Iterator[Path]:
    """An installation where the scan at the end of all tests does not look."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        for each in ("secrets", "logs/servers", "storage/w/people/me/spool"):
            (home / each).mkdir(parents=True)
        (home / "secrets" / "proxy_token").write_text("0123456789abcdef" * 4)
        yield home


@pytest.mark.parametrize(
    "line",
    [
        "the proxy has 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
        "Authorization: Bearer 00112233445566778899aabbccddeeff",
        "GET /hub/sign-in?token=00112233445566778899",
        "cannot reach postgresql://deita:open-sesame@db/deita",
    ],
)
@pytest.mark.parametrize(
    "place", ["logs/hub.log", "logs/servers/me--a.log", "storage/w/people/me/spool/engine-read.log"]
)
def test_a_secret_is_found_wherever_it_stands(home: Path, place: str, line: str) -> None:
    (home / place).write_text(f"all is well\n{line}\n")
    assert [each.partition(":")[0] for each in leaks(home)] == [place]
    assert len(leaks_below(home.parent)) == 1


def test_lines_as_they_are_and_words_that_were_not_planted_are_none(home: Path) -> None:
    line = '{"message": "GET /hub/sign-in?… 403", "request_id": "00112233445566778899aabbccddeeff", "url": "http://me:…@x"}'
    (home / "logs" / "hub.log").write_text(f"{line}\n")
    assert leaks(home, ["canary"]) == [] and leaks(home, ["sign-in"]) == ["logs/hub.log: what was planted"]
