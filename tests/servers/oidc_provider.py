"""A real, certified provider of OpenID Connect (npm's oidc-provider), with accounts whose passwords may be anything."""

from __future__ import annotations

import json
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from deita_hub import settings
from deita_hub.supervisor.programs import find_node

from bench.running import free_port, until
from tests.servers.certificates import issued
from tests.servers.edge import ROOT, HereTransport

SECRET = "only-for-this-test-0123456789"
ACCOUNTS: dict[str, dict[str, Any]] = {
    "1": {"preferred_username": "Ana", "email": "ana@example.org", "email_verified": True},
    "2": {"preferred_username": "eve", "email": "eve@evil-example.org", "email_verified": True},
    "3": {"preferred_username": "uma", "email": "uma@example.org", "email_verified": False},
    "4": {"preferred_username": "me", "email": "mallory@example.org", "email_verified": True},
    "5": {"preferred_username": "dash-start", "email": "dash@example.org", "email_verified": True},
    "6": {"preferred_username": "Vera"},
    "7": {"preferred_username": "boss"},
}


@dataclass(frozen=True)
class Encrypted:
    """Under which name it speaks TLS; its authority's certificate lies in `authority`."""

    host: str
    folder: Path

    @property
    def authority(self) -> Path:
        """A PEM file."""
        return self.folder / "authority.pem"

    def words(self) -> list[str]:
        """Make the certificate; where it and its key lie, and who made it."""
        made = issued(self.host)
        files = {"authority.pem": made.authority, "certificate.pem": made.certificate, "key.pem": made.key}
        for name, text in files.items():
            (self.folder / name).write_text(text)
        return [str(self.folder / "certificate.pem"), str(self.folder / "key.pem")]


class Provider:
    """The process, which can be stopped and started again on the same port; `deita` is its client's origin."""

    def __init__(self, folder: Path, deita: str, encrypted: Encrypted | None = None) -> None:
        self.port, self._deita, self._folder, self._encrypted = free_port(), deita, folder, encrypted
        self.url = f"https://{encrypted.host}:{self.port}" if encrypted else f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        (folder / "accounts.json").write_text(json.dumps(ACCOUNTS))

    def start(self) -> None:
        """Start it and wait until it answers."""
        script = str(Path(__file__).with_name("oidc_provider.mjs"))
        node = shutil.which("node") or str(find_node(settings.load({})))
        words = [str(self.port), self.url, self._deita, str(self._folder / "accounts.json")]
        words += self._encrypted.words() if self._encrypted else []
        with (self._folder / "provider.log").open("ab") as log:
            self.process = subprocess.Popen([node, script, *words], cwd=ROOT, stdout=log, stderr=log)
        until(self._answers, 60, "the provider answers")

    def stop(self) -> None:
        """End it, if it runs."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def _answers(self) -> bool:
        trust = ssl.create_default_context(cafile=str(self._encrypted.authority)) if self._encrypted else True
        try:
            with httpx.Client(transport=HereTransport(verify=trust), trust_env=False) as client:
                return client.get(f"{self.url}/.well-known/openid-configuration").is_success
        except httpx.TransportError:
            return False
