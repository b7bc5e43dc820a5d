"""The control plane as far as a workspace server needs it: real logins and real sessions, without hub and people.

A server reaches it at `<url>/<workspace id>`, so that each test has workspaces of its own.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from deita_hub.broker.postgres import PostgresDatabases
from deita_hub.broker.sts import SessionStorage
from deita_hub.object_storage import ObjectStorage
from pydantic_core import to_jsonable_python


class Broker(ThreadingHTTPServer):
    """Answers `POST /<workspace id>/workspaces/<slug>/credentials`."""

    databases: PostgresDatabases
    storage: SessionStorage

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Broker

    def do_POST(self) -> None:
        workspace = self.path.split("/")[1]
        database = self.server.databases.issue(workspace, "me", "write")
        storage = self.server.storage.issue(workspace, "me", "write")
        body = json.dumps(to_jsonable_python({"storage": storage, "database": database})).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: Any) -> None:
        """Nothing is logged: the body holds a password."""


@contextlib.contextmanager
def running_broker(database_url: str, objects: ObjectStorage) -> Iterator[Broker]:
    """A broker of logins at one database and of sessions below one prefix, on a free port."""
    with Broker(("127.0.0.1", 0), Handler) as server:
        server.databases, server.storage = PostgresDatabases(database_url), SessionStorage(objects)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
