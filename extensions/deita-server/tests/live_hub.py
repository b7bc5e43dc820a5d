"""A real JupyterHub with its proxy, whose spawner starts `python -m deita_server`: once per test session."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

REPOSITORY = Path(__file__).parents[3]
SERVICE_TOKEN = "5" * 32
CONFIGURATION = """
import pathlib, sys
from jupyterhub.spawner import SimpleLocalProcessSpawner

given = {given!r}
c = get_config()

class WorkspaceSpawner(SimpleLocalProcessSpawner):
    cmd = [sys.executable, "-m", "deita_server"]

    def get_args(self):
        return self.user_options.get("args", [])

    def get_env(self):
        storage = pathlib.Path(given["folder"], "storage", self.name)
        storage.mkdir(parents=True, exist_ok=True)
        return {{
            **super().get_env(),
            "DEITA_WORKSPACE_ID": self.name,
            "DEITA_WORKSPACE": self.name,
            "DEITA_PERSON": self.user.name,
            "DEITA_ROLE": "viewer" if self.user.name.startswith("dash-") else "owner",
            "DEITA_STORAGE_URL": storage.as_uri(),
            "DEITA_PUBLIC_URL": given["url"],
            "DEITA_LIFELINE": str(pathlib.Path(given["folder"], "lifeline.lock")),
            "CANARY_TOKEN": "canary",
        }}

c.JupyterHub.spawner_class = WorkspaceSpawner
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.bind_url = given["url"]
c.JupyterHub.hub_bind_url = given["hub_url"]
c.ConfigurableHTTPProxy.command = [given["proxy"]]
c.ConfigurableHTTPProxy.api_url = given["proxy_api"]
c.JupyterHub.cookie_secret_file = given["folder"] + "/cookie_secret"
c.JupyterHub.db_url = "sqlite:///" + given["folder"] + "/hub.sqlite"
c.JupyterHub.pid_file = given["folder"] + "/hub.pid"
c.JupyterHub.load_roles = [
    {{"name": "tests", "scopes": ["admin:users", "admin:servers", "shares", "tokens"], "services": ["tests"]}}
]
c.JupyterHub.services = [{{"name": "tests", "api_token": given["token"]}}]
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def eventually(look: Callable[[], Any], what: str, seconds: float = 20) -> Any:
    """Return the first truthy result of `look`; it is asked again until then."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
    return seen


@dataclass
class Server:
    """A running workspace server, seen through the proxy."""

    url: str  # http://127.0.0.1:<port>/user/<person>/<workspace>/
    token: str
    storage: Path
    pid: int
    http: httpx.Client = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.http.get(self.url + path, headers=self.headers, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        return self.http.post(self.url + path, headers=self.headers, **options)

    def delete(self, path: str) -> httpx.Response:
        return self.http.delete(self.url + path, headers=self.headers)


@dataclass
class Hub:
    """JupyterHub, its proxy, and a client that may do everything."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]
    http: httpx.Client

    def api(self, method: str, path: str, **options: Any) -> httpx.Response:
        return self.http.request(
            method, f"{self.url}/hub/api/{path}", headers={"Authorization": f"token {SERVICE_TOKEN}"}, **options
        )

    def token(self, person: str) -> str:
        self.api("POST", f"users/{person}")
        return str(self.api("POST", f"users/{person}/tokens", json={"note": "tests"}).json()["token"])

    def start(self, person: str, workspace: str, *args: str) -> Server:
        token = self.token(person)
        self.api("POST", f"users/{person}/servers/{workspace}", json={"args": list(args)})
        state = eventually(lambda: self._ready(person, workspace), f"{person}/{workspace}")
        pid = int(state["state"]["pid"])
        return Server(
            f"{self.url}/user/{person}/{workspace}/", token, self.folder / "storage" / workspace, pid, self.http
        )

    def share(self, person: str, workspace: str) -> None:
        """Let somebody into the dashboard server of a workspace."""
        self.api("POST", f"users/{person}")
        answer = self.api("POST", f"shares/dash-{workspace}/{workspace}", json={"user": person})
        assert answer.status_code == 200, answer.text

    def unshare(self, person: str, workspace: str) -> None:
        """Take that back."""
        self.api("PATCH", f"shares/dash-{workspace}/{workspace}", json={"user": person})

    def stop(self, person: str, workspace: str) -> None:
        self.api("DELETE", f"users/{person}/servers/{workspace}")

    def _ready(self, person: str, workspace: str) -> dict[str, Any] | None:
        known = self.api("GET", f"users/{person}?include_stopped_servers").json()["servers"].get(workspace, {})
        return known if known.get("ready") else None

    def browser(self, person: str, path: str) -> httpx.Client:
        """A client with the cookies of somebody who signed in by the form and went to `path`."""
        client = httpx.Client(follow_redirects=True, timeout=30, headers={"Sec-Fetch-Mode": "navigate"})
        page = client.get(f"{self.url}/hub/login", params={"next": path})
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
        assert xsrf is not None
        form = {"username": person, "password": "any", "_xsrf": xsrf[1]}
        client.post(f"{self.url}/hub/login", params={"next": path}, data=form)
        return client


def proxy_command() -> str:
    local = REPOSITORY / "node_modules" / ".bin" / "configurable-http-proxy"
    found = str(local) if local.exists() else shutil.which("configurable-http-proxy")
    assert found, "run `make setup` first: the proxy is not installed"
    return found


@contextlib.contextmanager
def running_hub(folder: Path, configuration: str = CONFIGURATION, **more: str) -> Iterator[Hub]:
    url, hub_url, proxy_api = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    given = {
        "folder": str(folder),
        "url": url,
        "hub_url": hub_url,
        "proxy_api": proxy_api,
        "proxy": proxy_command(),
        "token": SERVICE_TOKEN,
        **more,
    }
    (folder / "lifeline.lock").touch()
    (folder / "jupyterhub_config.py").write_text(configuration.format(given=given))
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTERHUB_", "DEITA_"))}
    with (folder / "hub.log").open("wb") as log, (folder / "lifeline.lock").open("rb") as lifeline:
        import fcntl

        fcntl.flock(lifeline, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "jupyterhub", "-f", str(folder / "jupyterhub_config.py")]
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
        )
        http = httpx.Client(timeout=60)
        hub = Hub(url, folder, process, http)
        try:
            eventually(lambda: _answers(hub), "JupyterHub", 60)
            yield hub
        finally:
            http.close()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)


def _answers(hub: Hub) -> bool:
    assert hub.process.poll() is None, (hub.folder / "hub.log").read_text()
    try:
        return hub.http.get(f"{hub.url}/hub/api/").status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    """JupyterHub with its proxy."""
    with tempfile.TemporaryDirectory(prefix="deita-hub-") as folder, running_hub(Path(folder)) as running:
        yield running


@pytest.fixture(scope="session")
def server(hub: Hub) -> Server:
    """The workspace server `shop` of `me`."""
    return hub.start("me", "shop")


def children(pid: int) -> list[int]:
    """The processes that `pid` started and that still run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _name, rest = stat.read_text().rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        state, parent = rest.split()[:2]
        if int(parent) == pid and state != "Z":
            found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    """Say whether the process still runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def environment_of(pid: int) -> dict[str, str]:
    """The environment with which a process was started."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)


def as_json(answer: httpx.Response) -> Any:
    """The body, whatever its media type says."""
    return json.loads(answer.content)
