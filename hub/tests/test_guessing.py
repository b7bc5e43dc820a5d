"""Guessing sign-in links, on a Deita of its own: all of this machine shares one address."""

from __future__ import annotations

from typing import Any

import httpx


def test_guessing_is_slowed_down_whatever_address_is_claimed(alone: Any) -> None:
    alone.start()
    with httpx.Client(base_url=alone.url, trust_env=False) as client:
        answers = []
        for number in range(21):
            claimed = {"X-Forwarded-For": f"203.0.113.{number}"}
            answers.append(client.get("/hub/sign-in", params={"token": f"{number:043}"}, headers=claimed))
    assert [answer.status_code for answer in answers] == [403] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
