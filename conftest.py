"""What the tests of all packages share: real servers, started when a test first needs them, and the backends switch.

A test marked `backends` runs once on the embedded backend (SQLite, folder) and once on the production one (PostgreSQL,
object store), or on those that the mark names, by way of the `backend` fixture that it or its fixtures ask for; every
other test runs embedded.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from deita_hub import settings

from tests.servers.control_plane import Broker, running_broker
from tests.servers.foreign import Foreign, foreign_database
from tests.servers.log_scan import leaks_below
from tests.servers.object_store import ObjectStore, running_object_store
from tests.servers.postgres import PostgresServer, running_postgres

BACKENDS = ("embedded", "production")


def pytest_addoption(parser: pytest.Parser) -> None:
    choices = (*BACKENDS, "both")
    text = "which backends tests marked `backends` run on"
    parser.addoption("--backend", choices=choices, default="both", help=text)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "backend" not in metafunc.fixturenames:
        return
    asked = metafunc.config.getoption("--backend")
    marker = metafunc.definition.get_closest_marker("backends")
    if marker is None:
        metafunc.parametrize("backend", BACKENDS[:1], indirect=True, scope="session", ids=[pytest.HIDDEN_PARAM])
    else:
        names = [name for name in marker.args or BACKENDS if asked in (name, "both")]
        metafunc.parametrize("backend", names, indirect=True, scope="session")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """What all tests together made Deita log holds no secret: it is looked for in every installation that they left."""
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is None or hasattr(session.config, "workerinput") or factory._basetemp is None:
        return
    if found := leaks_below(factory.getbasetemp()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
        raise pytest.exit.Exception("Secrets in logs: " + "; ".join(found[:20]), returncode=1)


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    """`embedded` or `production`."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL that all tests of the session share; each takes a database of its own."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """An S3 server that all tests of the session share; each takes a prefix of its own."""
    with running_object_store() as server:
        yield server


@pytest.fixture(scope="session")
def broker(postgres: PostgresServer, object_store: ObjectStore) -> Iterator[Broker]:
    """What gives workspace servers their logins and their keys, where no whole Deita runs."""
    objects = settings.load(object_store.settings()).objects
    assert objects is not None
    with running_broker(postgres.database(), objects) as server:
        yield server


@pytest.fixture(scope="session")
def foreign(postgres: PostgresServer) -> Foreign:
    """Somebody's own database, for connections to read."""
    return foreign_database(postgres)
