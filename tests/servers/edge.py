"""A real Caddy with deploy/Caddyfile before a Deita of this machine, and a client that knows its authority."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[2]
CADDYFILE = ROOT / "deploy" / "Caddyfile"
CADDY = Path(sys.executable).with_name("caddy")
SECONDS = 60


class HereTransport(httpx.HTTPTransport):
    """Connects to this machine whatever a host is called, and asks for the host's certificate."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": request.url.host}
        request.url = request.url.copy_with(host="127.0.0.1")
        return super().handle_request(request)


@dataclass(frozen=True)
class Edge:
    """Where it answers."""

    domain: str
    http: int
    https: int
    data: Path

    @property
    def url(self) -> str:
        """The home page's origin."""
        return f"https://{self.domain}:{self.https}"

    def of(self, name: str) -> str:
        """The origin of a person or of dashboards."""
        return f"https://{name}.{self.domain}:{self.https}"

    @property
    def authority(self) -> Path:
        """The certificate of its authority, there after the first one was issued."""
        return self.data / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    def client(self, token: str = "") -> httpx.Client:
        """A client that trusts its authority and nothing else."""
        trust = ssl.create_default_context(cafile=str(self.authority))
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(transport=HereTransport(verify=trust), headers=headers, timeout=60, trust_env=False)


@contextlib.contextmanager
def running_edge(edge: Edge, proxy: str, control_plane: str, **more: str) -> Iterator[Edge]:
    """Caddy with these addresses behind it, until the end of the context."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "XDG_DATA_HOME": str(edge.data),
        "XDG_CONFIG_HOME": str(edge.data),
        "DEITA_DOMAIN": edge.domain,
        "DEITA_PUBLIC": edge.url,
        "DEITA_HTTP_PORT": str(edge.http),
        "DEITA_HTTPS_PORT": str(edge.https),
        "DEITA_PROXY": urlsplit(proxy).netloc,
        "DEITA_CONTROL_PLANE": urlsplit(control_plane).netloc,
        "DEITA_TLS": "internal",
        **more,
    }
    edge.data.mkdir(parents=True, exist_ok=True)
    command = [str(CADDY), "run", "--adapter", "caddyfile", "--config", str(CADDYFILE)]
    with (edge.data / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + SECONDS
        while not edge.authority.exists():
            assert process.poll() is None, (edge.data / "log").read_text()[-3000:]
            assert time.monotonic() < deadline, "Caddy makes no authority"
            time.sleep(0.05)
        yield edge
    finally:
        process.terminate()
        process.wait(SECONDS)
