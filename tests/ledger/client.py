"""A workspace as a patient client meets it: it opens what stopped, sends again what may be sent again, and says of each
request whether it was answered.

A status below 500, and 507, is an answer. Anything else, and a connection that breaks, leaves open what became of it.
"""

from __future__ import annotations

import contextlib
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from bench.running import Deita

PATIENCE_S = 60.0
REQUEST_S = 40.0
PAUSE_S = 0.1
RUNNING = ("queued", "sniffing", "running", "cancelling")
FULL = 507
BUSY = 429


class UnansweredError(Exception):
    """Nobody said what became of a request."""


class Client:
    """One person's way to one workspace; threads may share it."""

    def __init__(self, deita: Deita, slug: str) -> None:
        self.deita, self._slug = deita, slug
        self._http = deita.client(limits=httpx.Limits(max_connections=16))
        self._opening = threading.Lock()
        self._opened_at = 0.0
        self.api = ""

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def make(self) -> None:
        """Make the workspace and open it."""
        self._until(self._made, "a place for the workspace")
        self.open()

    def _made(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            asked = self._http.post(f"{self.deita.control}/workspaces", json={"name": self._slug})
            return asked.status_code in (201, 409)
        return False

    def stop(self) -> None:
        """Have the workspace's server stop: it needs its memory no more."""
        with contextlib.suppress(httpx.HTTPError):
            self._http.post(f"{self.deita.control}/workspaces/{self._slug}/stop")

    @property
    def members(self) -> str:
        """The address of the workspace's members."""
        return f"{self.deita.control}/workspaces/{self._slug}/members"

    @property
    def contents(self) -> str:
        """The address of Jupyter's contents API."""
        return f"{self.api.removesuffix('deita/api/v1')}api/contents"

    def open(self) -> None:
        """Have the workspace's server run and answer."""
        began = time.monotonic()
        with self._opening:
            if self._opened_at < began:
                self._until(self._opened, "the workspace")
                self._opened_at = time.monotonic()

    def _opened(self) -> bool:
        with contextlib.suppress(TimeoutError, RuntimeError, httpx.HTTPError):
            self.api = self.deita.open(self._http, self._slug, 10)
            return self._http.get(f"{self.api}/files", params={"limit": 1}).status_code == 200
        return False

    def send(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Send it once. Raises UnansweredError, after the workspace is there again."""
        try:
            answer = self._http.request(method, url, timeout=REQUEST_S, **request)
        except httpx.HTTPError as error:
            self.open()
            raise UnansweredError(type(error).__name__) from error
        if answer.status_code >= 500 and answer.status_code != FULL:
            self.open()
            raise UnansweredError(code_of(answer))
        return answer

    def insist(self, method: str, url: str, **request: Any) -> httpx.Response:
        """Send it with a key, under which it has one effect, until it is answered; raises UnansweredError when it never
        is.
        """
        headers = {"Idempotency-Key": str(uuid.uuid4())}
        return self._persist(lambda: self.send(method, url, headers=headers, **request))

    def read(self, url: str, **request: Any) -> httpx.Response:
        """GET it until it is answered."""
        return self._persist(lambda: self.send("GET", url, **request))

    def items(self, url: str) -> list[dict[str, Any]]:
        """Return all of a list."""
        found: list[dict[str, Any]] = []
        following = None
        while True:
            params = {"limit": 1000, **({"cursor": following} if following else {})}
            page = self.read(url, params=params).raise_for_status().json()
            found += page["items"]
            following = page.get("next")
            if not following:
                return found

    def rows(self, sql: str) -> list[list[Any]]:
        """Return the rows of a statement that reads."""

        def asked() -> list[list[Any]] | None:
            with contextlib.suppress(UnansweredError):
                body = {"sql": sql, "wait_ms": 20_000, "cache": False}
                answer = self.send("POST", f"{self.api}/queries", json=body).raise_for_status().json()
                if answer["state"] == "done":
                    return self._all_rows(answer)
            return None

        found = self._until(asked, sql)
        assert found is not None
        return found

    def _all_rows(self, answer: dict[str, Any]) -> list[list[Any]]:
        rows, following = list(answer["rows"]), answer["next"]
        while following:
            page = self.read(f"{self.api}/queries/{answer['id']}/results", params={"cursor": following}).json()
            rows, following = rows + page["rows"], page["next"]
        return rows

    def ended(self, url: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return a query or an import once it is over. Raises UnansweredError."""
        deadline = time.monotonic() + PATIENCE_S
        while body["state"] in RUNNING:
            if time.monotonic() > deadline:
                raise UnansweredError(f"still {body['state']}")
            answer = self.read(f"{url}/{body['id']}", params={"wait_ms": 5000})
            if answer.status_code != 200:
                raise UnansweredError(code_of(answer))
            body = answer.json()
        return body

    def _persist(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = ask()
                if answer.status_code != BUSY:
                    return answer
                lost = UnansweredError(code_of(answer))
            except UnansweredError as error:
                lost = error
            if time.monotonic() > deadline:
                raise lost
            time.sleep(PAUSE_S)

    def _until(self, condition: Callable[[], Any], what: str) -> Any:
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            if value := condition():
                return value
            time.sleep(PAUSE_S)
        raise TimeoutError(f"{what} did not come within {PATIENCE_S:.0f} s")


def code_of(answer: httpx.Response) -> str:
    with contextlib.suppress(ValueError):
        return str(answer.json().get("code", answer.status_code))
    return str(answer.status_code)
