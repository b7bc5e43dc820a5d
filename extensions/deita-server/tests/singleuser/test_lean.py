"""What the single-user process imports, and what it leaves importable."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from deita_server.singleuser import hub_requests
from tornado.httpclient import HTTPClientError
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler

HEAVY = (
    "sqlalchemy",
    "alembic",
    "aiohttp",
    "pydantic",
    "jupyterlab",
    "voila",
    "nbconvert",
    "duckdb",
    "pyarrow",
    "pandas",
)


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_the_application_imports_none_of_the_heavy_packages() -> None:
    program = "import sys, json, deita_server.singleuser.application; print(json.dumps(sorted(sys.modules)))"
    loaded = {name.split(".")[0] for name in json.loads(run(program))}
    assert not loaded & set(HEAVY)


def test_the_real_modules_can_be_imported_afterwards() -> None:
    program = """
import deita_server.singleuser.lean
import sqlalchemy, sqlalchemy.exc, aiohttp, isoduration, jupyterhub.orm, jupyterhub.log
print(issubclass(sqlalchemy.exc.SQLAlchemyError, Exception), hasattr(sqlalchemy, "select"), hasattr(aiohttp, "request"))
"""
    assert run(program) == "True True True\n"


class Echo(RequestHandler):
    """Answers with what was asked."""

    def get(self) -> None:
        self.finish({"authorization": self.request.headers.get("Authorization")})

    def post(self) -> None:
        self.set_status(403)
        self.finish(self.request.body)


@pytest.fixture
async def address() -> str:
    """The address of a small hub."""
    socket, port = bind_unused_port()
    server = HTTPServer(Application([("/", Echo)]))
    server.add_socket(socket)
    return f"http://127.0.0.1:{port}/"


async def test_a_request_carries_its_headers(address: str) -> None:
    answer = await hub_requests.fetch(address, headers={"Authorization": "token x"})
    assert (answer.status, json.loads(await answer.text())) == (200, {"authorization": "token x"})


async def test_a_refusal_is_an_answer_only_when_asked_for(address: str) -> None:
    answer = await hub_requests.fetch(address, method="POST", data=b"code=1", raise_for_status=False)
    assert (answer.status, await answer.text()) == (403, "code=1")
    with pytest.raises(HTTPClientError):
        await hub_requests.fetch(address, method="POST", data=b"code=1")


async def test_a_hub_that_is_away_is_an_error_in_either_case() -> None:
    socket, port = bind_unused_port()
    socket.close()
    with pytest.raises(OSError, match="refused"):
        await hub_requests.fetch(f"http://127.0.0.1:{port}/", raise_for_status=False)
