"""A stock JupyterHub on which our server and JupyterHub's own stand side by side, for comparisons on the same hub."""

from __future__ import annotations

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.running import free_port, until

TOKEN = "b" * 32
PROXY = Path(__file__).parents[1] / "node_modules" / ".bin" / "configurable-http-proxy"
CONFIGURATION = """
import asyncio, contextlib, os, pathlib, sys
from jupyterhub.spawner import SimpleLocalProcessSpawner

given = {given!r}
c = get_config()

class Either(SimpleLocalProcessSpawner):
    # "deita": our server, whose spawner returns as soon as the port answers, as WorkspaceSpawner does.
    # Everything else: JupyterHub's own server with JupyterLab, waited for as JupyterHub does.
    @property
    def ours(self):
        return self.name.startswith("deita")

    def get_args(self):
        return [] if self.ours else ["--allow-root", *self.user_options.get("args", [])]

    @property
    def cmd(self):
        return [sys.executable, "-m", *(["deita_server"] if self.ours else ["jupyterhub.singleuser"])]

    def make_preexec_fn(self, name):
        return None

    def set_user_setuid(self, name):
        return None

    def get_env(self):
        env = super().get_env()
        home = pathlib.Path(given["folder"], self.name)
        home.mkdir(parents=True, exist_ok=True)
        env.update(HOME=str(home), **self.user_options.get("env", {{}}))
        if self.ours:
            env.update(DEITA_WORKSPACE_ID=self.name, DEITA_WORKSPACE=self.name, DEITA_PERSON=self.user.name,
                       DEITA_ROLE="owner", DEITA_STORAGE_URL=home.as_uri())
        return env

    async def start(self):
        address = await super().start()
        while self.ours and self.proc.poll() is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                break
            await asyncio.sleep(0.02)
        return address

c.JupyterHub.spawner_class = Either
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.allow_named_servers = True
c.JupyterHub.bind_url = given["url"]
c.JupyterHub.hub_bind_url = given["hub_url"]
c.ConfigurableHTTPProxy.command = [given["proxy"]]
c.ConfigurableHTTPProxy.api_url = given["proxy_api"]
c.JupyterHub.load_roles = [
    {{"name": "bench", "scopes": ["admin:users", "admin:servers", "access:servers", "tokens"], "services": ["bench"]}}
]
c.JupyterHub.services = [{{"name": "bench", "api_token": given["token"]}}]
"""


@dataclass
class StockHub:
    """A running JupyterHub; servers whose name begins with `deita` are ours, all others JupyterHub's own."""

    url: str
    folder: Path
    client: httpx.Client

    def post(self, path: str, body: object = None) -> None:
        """Ask the hub for something."""
        self.client.post(f"{self.url}/hub/api/{path}", json=body or {}).raise_for_status()

    def server(self, name: str) -> dict[str, object] | None:
        """The server `name` of `me` once it is ready."""
        answer = self.client.get(f"{self.url}/hub/api/users/me", params={"include_stopped_servers": 1})
        known = answer.json()["servers"].get(name, {})
        return known if known.get("ready") else None

    def start(self, name: str, **options: object) -> int:
        """Start a server and wait until the hub calls it ready; returns its process id."""
        self.post(f"users/me/servers/{name}", options)
        known = until(lambda: self.server(name), 60, name)
        state = known["state"]
        assert isinstance(state, dict)
        return int(state["pid"])

    def stop(self, name: str) -> None:
        """Stop a server and wait until it is gone."""
        self.client.delete(f"{self.url}/hub/api/users/me/servers/{name}")
        until(lambda: self.server(name) is None, 30, f"the end of {name}")


@contextlib.contextmanager
def stock_hub() -> Iterator[StockHub]:
    """A JupyterHub with its proxy in a temporary folder, with the person `me`."""
    proxy = str(PROXY) if PROXY.exists() else shutil.which("configurable-http-proxy")
    if proxy is None:
        raise RuntimeError("the proxy is not installed")
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as name, httpx.Client(timeout=60) as client:
        folder = Path(name)
        url, hub_url, proxy_api = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
        given = {"folder": name, "url": url, "hub_url": hub_url, "proxy_api": proxy_api, "proxy": proxy, "token": TOKEN}
        (folder / "jupyterhub_config.py").write_text(CONFIGURATION.format(given=given))
        client.headers["Authorization"] = f"token {TOKEN}"
        with (folder / "hub.log").open("wb") as log:
            command = [sys.executable, "-m", "jupyterhub"]
            process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, start_new_session=True)
            hub = StockHub(url, folder, client)
            try:
                until(lambda: _answers(hub), 60, "JupyterHub")
                hub.post("users/me")
                yield hub
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(30)


def _answers(hub: StockHub) -> bool:
    try:
        return hub.client.get(f"{hub.url}/hub/api/").status_code == 200
    except httpx.HTTPError:
        return False
