"""A real S3 server for tests: SeaweedFS in a temporary folder, on free ports, with users, roles and session policies.

It enforces what it is told, which mocks of S3 do not: a test that somebody cannot reach a key means something.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import botocore.session
import httpx
from botocore.config import Config

WEED = Path(sys.executable).with_name("weed")
BUCKET = "deita"
REGION = "us-east-1"
ROLE = "arn:aws:iam::role/Workspaces"
GRPC = 10_000
"""SeaweedFS takes a second port for each, so many above the first."""
SECONDS = 30


@dataclass
class ObjectStore:
    """A running server; `prefix` gives each test keys of its own."""

    folder: Path
    ports: tuple[int, ...]
    access_key: str = field(default_factory=lambda: secrets.token_hex(10))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20), repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.ports[-1]}"

    def prefix(self) -> str:
        """A storage URL that nobody else uses."""
        return f"s3://{BUCKET}/{secrets.token_hex(6)}"

    def settings(self, storage: str | None = None) -> dict[str, str]:
        """The environment of a Deita that keeps its workspaces here."""
        return {
            "DEITA_STORAGE": storage or self.prefix(),
            "DEITA_S3_ENDPOINT": self.endpoint,
            "DEITA_S3_ROLE": ROLE,
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
        }

    def issued(self, workspace: str) -> dict[str, Any]:
        """What the broker would issue for a workspace, with the root key."""
        storage = {
            "kind": "sts",
            "url": workspace,
            "endpoint": self.endpoint,
            "region": REGION,
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "session_token": None,
            "access": "write",
            "expires_at": None,
        }
        database = {"kind": "sqlite", "url": None, "schema": None, "lake_schema": None, "expires_at": None}
        return {"storage": storage, "database": database}

    def client(self, credentials: dict[str, Any] | None = None, endpoint: str | None = None) -> Any:
        """A client with the root key, or with these credentials."""
        keys = credentials or {"access_key_id": self.access_key, "secret_access_key": self.secret_key}
        return botocore.session.get_session().create_client(
            "s3",
            endpoint_url=endpoint or self.endpoint,
            region_name=REGION,
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
            aws_session_token=keys.get("session_token"),
            config=Config(s3={"addressing_style": "path"}, signature_version="s3v4", retries={"max_attempts": 1}),
        )

    def keys(self, storage: str) -> list[str]:
        """All keys below a storage URL, without it."""
        prefix = storage.removeprefix(f"s3://{BUCKET}/") + "/"
        pages = self.client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", [])]

    def unfinished(self, storage: str) -> list[str]:
        """The keys below a storage URL of which there are parts that nobody put together yet."""
        prefix = storage.removeprefix(f"s3://{BUCKET}/") + "/"
        found = self.client().list_multipart_uploads(Bucket=BUCKET, Prefix=prefix).get("Uploads", [])
        return [each["Key"].removeprefix(prefix) for each in found]

    def start(self) -> None:
        """Start it and wait until it answers."""
        master, volume, filer, s3 = self.ports
        options = {
            "dir": self.folder / "data",
            "ip": "127.0.0.1",
            "ip.bind": "127.0.0.1",
            "master.port": master,
            "volume.port": volume,
            "filer.port": filer,
            "s3.port": s3,
            "s3.config": self.folder / "s3.json",
            "s3.iam.config": self.folder / "iam.json",
            "s3.iam.readOnly": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "webdav": "false",
            "admin.ui": "false",
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [WEED, "mini", *(f"-{name}={value}" for name, value in options.items())],
                cwd=self.folder,
                env={**os.environ, "GOMEMLIMIT": "1GiB"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + SECONDS
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            assert time.monotonic() < until, "the object store does not answer"
            threading.Event().wait(0.05)

    def stop(self) -> None:
        """End it as a power cut would; what it holds stays."""
        if self.process:
            self.process.kill()
            self.process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It takes connections and answers none."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def make(self) -> None:
        """Write who may do what: one root key, and a role whose sessions can be narrowed."""
        (self.folder / "data").mkdir()
        root = {"accessKey": self.access_key, "secretKey": self.secret_key}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identities = {"identities": [{"name": "root", "credentials": [root], "actions": actions}]}
        (self.folder / "s3.json").write_text(json.dumps(identities))
        everything = _policy([{"Effect": "Allow", "Action": ["s3:*", "sts:*"], "Resource": ["*"]}])
        trust = _policy([{"Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"]}])
        role = {"roleName": "Workspaces", "roleArn": ROLE, "trustPolicy": trust, "attachedPolicies": ["All"]}
        roles = {
            "sts": {
                "tokenDuration": "1h",
                "maxSessionLength": "12h",
                "issuer": "deita",
                "signingKey": secrets.token_hex(32),
            },
            "policy": {"defaultEffect": "Deny", "storeType": "memory"},
            "policies": [{"name": "All", "document": everything}],
            "roles": [role],
        }
        (self.folder / "iam.json").write_text(json.dumps(roles))

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.endpoint}/healthz", timeout=2, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False


def _policy(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}


def _free_ports(count: int) -> tuple[int, ...]:
    """Ports whose neighbours `GRPC` above are free, too."""
    found: list[int] = []
    with contextlib.ExitStack() as held:
        while len(found) < count:
            first, second = held.enter_context(socket.socket()), held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + GRPC))
                found.append(port)
    return tuple(found)


@contextlib.contextmanager
def running_object_store() -> Iterator[ObjectStore]:
    """A server with one empty bucket that is there until the end of the context."""
    with tempfile.TemporaryDirectory(prefix="deita-objects-") as folder:
        store = ObjectStore(Path(folder), _free_ports(4))
        store.make()
        store.start()
        try:
            store.client().create_bucket(Bucket=BUCKET)
            yield store
        finally:
            store.stop()
