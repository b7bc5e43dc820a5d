"""Finding the Deita that runs, and asking its hub and its control plane on a person's behalf."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from deita_hub import isolation, secret_files
from deita_hub.addresses import API
from deita_hub.cli.output import VerbError, here
from deita_hub.lifeline import FileLock, LockBusyError
from deita_hub.settings import OWNER, Settings, SettingsError

SHORT_SECONDS = 120
START_SECONDS = 120
POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Running:
    """The running Deita of this DEITA_HOME."""

    settings: Settings
    url: str
    local: str
    operator_token: str

    def allow(self, person: str) -> None:
        """Only the local owner, unless walls stand between people. Raises `VerbError` naming the setting."""
        check_admitted(person, self.settings)

    def token(self, person: str, note: str, seconds: int) -> str:
        """A fresh API token that reaches what this person reaches, and nothing of the hub's own API."""
        self.ask("POST", f"/hub/api/users/{quote(person)}", (201, 409))
        body = {
            "note": note,
            "expires_in": seconds,
            "scopes": ["inherit"],
        }
        return str(self.ask("POST", f"/hub/api/users/{quote(person)}/tokens", (201,), json=body)["token"])

    def as_person(self, person: str, method: str, path: str, expected: tuple[int, ...], **more: Any) -> Any:
        """Call the control plane as this person."""
        self.allow(person)
        token = self.token(person, "deita command line", SHORT_SECONDS)
        return self.ask(method, f"{API}{path}", expected, token=token, **more)

    def data_plane(self, person: str, slug: str) -> str:
        """Start a person's server in a workspace; the path of its API once it answers. Raises `VerbError`."""
        path = f"/workspaces/{quote(slug, safe='')}"
        workspace = self.as_person(person, "POST", f"{path}/start", (202,))
        deadline = time.monotonic() + START_SECONDS
        while workspace["server"]["state"] != "ready":
            if workspace["server"]["state"] == "failed" or time.monotonic() > deadline:
                raise VerbError(f"The server of {slug} did not start.")
            time.sleep(POLL_SECONDS)
            workspace = self.as_person(person, "GET", path, (200,))
        return urlsplit(workspace["server"]["api"]).path

    def ask(
        self,
        method: str,
        path: str,
        expected: tuple[int, ...],
        token: str | None = None,
        seconds: float = 60.0,
        **more: Any,
    ) -> Any:
        """One request; what is not expected ends the command with the answer's own message."""
        headers = {"Authorization": f"token {token or self.operator_token}", "Host": urlsplit(self.url).netloc}
        try:
            answer = httpx.request(method, self.local + path, headers=headers, timeout=seconds, trust_env=False, **more)
        except httpx.HTTPError as error:
            raise VerbError("Deita does not answer: is it still running?") from error
        body = _body(answer)
        if answer.status_code not in expected:
            message = body.get("message") if isinstance(body, dict) else None
            raise VerbError(f"{message or 'This did not work.'} (status {answer.status_code})")
        return body


def check_admitted(person: str, settings: Settings) -> None:
    """Refuse anyone but the local owner while nothing separates people. Raises `VerbError` naming the setting."""
    if not isolation.admits(person, settings):
        raise VerbError(
            f"Only `{OWNER}` may use this Deita: nothing separates people on this machine. {isolation.HOW_TO_ADMIT}"
        )


def in_force(settings: Settings) -> Settings:
    """The settings with what the running Deita decided about people; without one, with what a start would decide.

    Raises `SettingsError` when the next start would be refused for it.
    """
    state = state_of(settings)
    if state is None:
        return isolation.resolve(settings)
    decided = {name: state[name] for name in ("trust_everyone", "sandbox", "sandbox_network")}
    return replace(settings, **decided, spawner=replace(settings.spawner, kind=state["spawner"]))


def state_of(settings: Settings) -> dict[str, Any] | None:
    """What up.json says, None when Deita does not run."""
    if not settings.home.is_dir():
        return None
    probe = FileLock(settings.home / "up.lock")
    try:
        probe.acquire()
    except LockBusyError:
        try:
            state: dict[str, Any] = json.loads(settings.state_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return state
    probe.release()
    return None


def running() -> Running:
    """The running Deita. Raises `VerbError` when there is none."""
    settings = here()
    state = state_of(settings)
    if state is None:
        raise VerbError("Deita is not running on this DEITA_HOME: start it with `deita up`.")
    try:
        token = secret_files.load(settings).operator_token
    except SettingsError as error:
        raise VerbError(str(error)) from error
    return Running(in_force(settings), str(state["url"]), str(state["local"]), token)


def _body(answer: httpx.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return None
