"""Logs: one trace from the edge to the engine, and neither a secret nor a value of the data in any line."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from bench.running import Deita, until
from tests.servers.log_scan import leaks, logs

CELL, LITERAL, PARAMETER, FILTER, PASSWORD, TOKEN = (f"canary{n}zq7f" for n in range(6))
LONG = f"{TOKEN}0123456789abcdef0123456789abcdef"
REQUEST, TRACE = "observe-test-1", "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = {"X-Request-Id": REQUEST, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture(scope="module")
def canary(deita: Deita, client: httpx.Client) -> str:
    """The data plane of a workspace with canaries in its data, which were asked for and failed in many ways."""
    client.post(f"{deita.control}/workspaces", json={"name": "Canary", "slug": "canary"}).raise_for_status()
    api = deita.open(client, "canary")
    bad = "".join(f"{number},2026-01-{number:02}\n" for number in range(1, 20)) + f"{CELL},{CELL}\n"
    client.put(f"{api}/files/birds.csv", content=f"a,b\n{bad}".encode()).raise_for_status()
    recipe = {"columns": [{"name": "a", "type": "BIGINT"}]}
    for more in ({"table": "birds"}, {"table": "strict", "recipe": recipe}):
        begun = client.post(f"{api}/imports", json={"file": "birds.csv", **more})
        if begun.status_code == 202:
            client.get(f"{api}/imports/{begun.json()['id']}", params={"wait_ms": 60_000})
    for sql in (
        f"select '{LITERAL}'",
        f"select cast('{LITERAL}' as integer)",
        "select a::integer from birds",
        f"select '{LITERAL}' form nothing",
        f"select error('{LITERAL}')",
        f"attach 'postgres://me:{PASSWORD}@nowhere/x' as y",
    ):
        client.post(f"{api}/queries", json={"sql": sql, "wait_ms": 30_000})
    asked = {"sql": "select $p::integer", "params": {"p": PARAMETER}, "wait_ms": 30_000}
    client.post(f"{api}/queries", json=asked)
    client.get(f"{api}/tables/birds/rows", params={"filter": f"a:eq:{FILTER}"})
    client.get(f"{api}/tables/birds/rows", params={"filter": f"nothing:eq:{FILTER}", "token": LONG})
    client.get(f"{api}/../../../apps/explore", params={"token": LONG, "q": FILTER})
    return api


def attack(deita: Deita) -> None:
    """Knock at every door with a token that is none."""
    with httpx.Client(base_url=deita.hub, trust_env=False, timeout=60) as stranger:
        for path in (
            f"/hub/sign-in?token={LONG}",
            f"/hub/login?next=%2Fhub%2Fsign-in%3Ftoken%3D{LONG}",
            f"/hub/api/users?token={LONG}",
            f"/services/deita/oauth_callback?code={LONG}&state={LONG}",
            f"/services/deita/api/v1/me?token={LONG}",
            f"/services/deita/metrics?token={LONG}",
            f"/user/me/nothing-here/deita/api/v1/tables?token={LONG}",
            f"/user/me/canary/deita/api/v1/tables?token={LONG}",
            f"/user/me/canary/api/contents?token={LONG}",
            f"/user/me/canary/lab?token={LONG}",
        ):
            for headers in ({}, {"Authorization": f"Bearer {LONG}"}, {"Cookie": f"deita-session={LONG}"}):
                stranger.get(path, headers=headers)


def lines(deita: Deita) -> dict[str, list[dict[str, Any]]]:
    """What each log says, by its name; every line has to be JSON with what every line has."""
    said: dict[str, list[dict[str, Any]]] = {}
    for path in logs(deita.home):
        for line in path.read_text().splitlines():
            assert len(line) < 20_000, path
            entry = json.loads(line)
            assert {"time", "level", "logger", "message"} <= set(entry), (path, line)
            said.setdefault(path.name, []).append(entry)
    return said


def test_a_request_is_followed_from_the_edge_to_the_engine(deita: Deita, client: httpx.Client, canary: str) -> None:
    asked = client.post(f"{canary}/queries", json={"sql": "select 42", "wait_ms": 30_000}, headers=TRACED)
    assert asked.json()["state"] == "done" and asked.headers["X-Request-Id"] == REQUEST
    seen = client.get(f"{deita.control}/workspaces/canary", headers=TRACED)
    assert seen.headers["X-Request-Id"] == REQUEST

    def places() -> dict[str, list[dict[str, Any]]] | None:
        found = {
            name: [each for each in said if each.get("request_id") == REQUEST] for name, said in lines(deita).items()
        }
        wanted = ("control-plane.log", "hub.log", "me--canary.log", "engine-read.log")
        return found if all(found.get(name) for name in wanted) else None

    found = until(places, 60, "the request in the log of each process")
    said = [each for entries in found.values() for each in entries]
    assert {each["traceparent"].split("-")[1] for each in said} == {TRACE}
    spans = [{each["traceparent"].split("-")[2] for each in entries} for entries in found.values() if entries]
    assert all("00f067aa0ba902b7" not in each for each in spans)
    assert any(each.get("operation") == "query" for each in found["engine-read.log"])
    assert any((each.get("method"), each.get("status")) == ("POST", 200) for each in found["me--canary.log"])


@pytest.mark.parametrize(
    "given",
    ["", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "ff-" + TRACE + "-00f067aa0ba902b7-01", "x" * 999],
)
def test_a_trace_that_is_none_is_begun_anew(client: httpx.Client, canary: str, given: str) -> None:
    answer = client.get(f"{canary}/health", headers={"traceparent": given} if given else {})
    assert len(answer.headers["X-Request-Id"]) == 32 and answer.headers["X-Request-Id"] not in given


def test_no_log_holds_a_secret_a_cell_or_a_literal(deita: Deita, client: httpx.Client, canary: str) -> None:
    attack(deita)
    last = {"X-Request-Id": "the-last-of-all"}
    client.get(f"{canary}/tables/none", headers=last)
    client.get(f"{deita.control}/nothing", headers=last)

    def written() -> bool:
        said = lines(deita)
        names = ("me--canary.log", "control-plane.log")
        return all(any(each.get("request_id") == last["X-Request-Id"] for each in said[name]) for name in names)

    until(written, 60, "the last lines")
    token = client.headers["Authorization"].split()[1]
    planted = [CELL, LITERAL, PARAMETER, FILTER, PASSWORD, TOKEN, token, deita.link.rsplit("=", 1)[-1]]
    assert leaks(deita.home, planted) == []
