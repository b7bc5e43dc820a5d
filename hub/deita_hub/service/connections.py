"""Connections of a workspace: kept for those who work in it, and read for them. Viewers have none of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

from sqlalchemy.orm import Session

from deita_hub.catalog import connections, workspaces
from deita_hub.catalog.connections import (
    ConnectionExistsError,
    Draft,
    NoConnectionError,
    PasswordNeededError,
    TooManyConnectionsError,
)
from deita_hub.catalog.connections import Place as Leads
from deita_hub.catalog.models import Connection, Workspace
from deita_hub.catalog.workspaces import WORKING_ROLES
from deita_hub.connections import authorities
from deita_hub.connections.authorities import AuthorityError
from deita_hub.connections.hosts import HostRefusedError, HostUnknownError, address_of
from deita_hub.connections.readers import ReaderLostError, Readers, TooManyReadersError
from deita_hub.connections.sealing import SealBrokenError, Sealing
from deita_hub.place import Place
from deita_hub.reading.job import Format, Job, Target, Task
from deita_hub.service import connection_models as models
from deita_hub.service.errors import STATUS, ServiceError
from deita_hub.service.permissions import allowed

TEST_S, SAMPLE_S = 20, 30
Value = TypeVar("Value")


class ConnectionsManager:
    """Every method acts for one person and raises `ServiceError` for what that person may not do."""

    def __init__(self, place: Place, sealing: Sealing, readers: Readers) -> None:
        self._place, self._sealing, self._readers = place, sealing, readers

    async def all(self, caller: str, slug: str) -> list[models.Connection]:
        """The workspace's connections, by name."""

        def work(session: Session) -> list[models.Connection]:
            return [_model(each) for each in connections.every(session, _workspace(session, caller, slug).id)]

        return await self._place.read(work)

    async def one(self, caller: str, slug: str, name: str) -> models.Connection:
        """One connection."""

        def work(session: Session) -> models.Connection:
            return _model(connections.found(session, _workspace(session, caller, slug).id, name))

        return await self._asked(self._place.read, work, name)

    async def add(self, caller: str, slug: str, new: models.NewConnection) -> models.Connection:
        """Keep a connection. Its host is looked at, nothing is connected to."""
        await self._place.read(lambda session: _workspace(session, caller, slug))
        leads = Leads(new.host, new.port, new.database, new.user, new.sslmode, new.ca)
        await self._looked_at(leads, caller)
        draft = Draft(name=new.name, password=new.password.get_secret_value())

        def work(session: Session) -> models.Connection:
            workspace = _workspace(session, caller, slug)
            return _model(connections.add(session, workspace, draft, leads, self._sealing.seal, by=caller))

        return await self._asked(self._place.write, work, new.name)

    async def change(self, caller: str, slug: str, name: str, wanted: models.ConnectionChange) -> models.Connection:
        """Change where a connection leads, or its password."""
        draft = _draft(name, wanted)
        known = await self.one(caller, slug, name)
        before = Leads(known.host, known.port, known.database, known.user, known.sslmode, known.ca)
        await self._looked_at(connections.changed(before, draft), caller)

        def work(session: Session) -> models.Connection:
            workspace = _workspace(session, caller, slug)
            return _model(connections.change(session, workspace, draft, self._sealing.seal, by=caller))

        return await self._asked(self._place.write, work, name)

    async def remove(self, caller: str, slug: str, name: str) -> None:
        """Forget a connection; what was read through it stays."""

        def work(session: Session) -> None:
            connections.remove(session, _workspace(session, caller, slug), name, by=caller)

        await self._asked(self._place.write, work, name)

    async def test(self, caller: str, slug: str, name: str) -> models.Tested:
        """Connect, ask who one is, and go."""
        workspace, target = await self._target(caller, slug, name)
        return models.Tested.model_validate(await self._answer(workspace, Job(target, "test", seconds=TEST_S)))

    async def tables(self, caller: str, slug: str, name: str) -> models.ForeignTablePage:
        """What can be read through a connection."""
        workspace, target = await self._target(caller, slug, name)
        answer = await self._answer(workspace, Job(target, "tables", seconds=SAMPLE_S))
        return models.ForeignTablePage.model_validate({**answer, "next": None})

    async def sample(self, caller: str, slug: str, name: str, wanted: models.Sample) -> models.SampleRows:
        """The first rows of a table or query, as texts."""
        workspace, target = await self._target(caller, slug, name)
        job = _job(target, wanted, "json", limit=wanted.limit, seconds=SAMPLE_S)
        await self._note(caller, workspace, name, wanted)
        return models.SampleRows.model_validate(await self._answer(workspace, job))

    async def read(self, caller: str, slug: str, name: str, wanted: models.Reading) -> AsyncGenerator[bytes]:
        """A table or query whole, as frames (`deita_hub.reading.frames`)."""
        workspace, target = await self._target(caller, slug, name)
        job = _job(target, wanted, wanted.format, wanted.limit, wanted.seconds, wanted.most)
        await self._note(caller, workspace, name, wanted)
        pieces = self._readers.stream(workspace, job)
        try:
            first = await anext(pieces, b"")
        except TooManyReadersError as error:
            raise _too_many() from error

        async def everything() -> AsyncGenerator[bytes]:
            try:
                yield first
                async for piece in pieces:
                    yield piece
            finally:
                await pieces.aclose()

        return everything()

    async def _target(self, caller: str, slug: str, name: str) -> tuple[str, Target]:
        """The workspace's id and what a reader needs to connect; the host is looked up now."""

        def work(session: Session) -> tuple[str, Connection]:
            workspace_id = _workspace(session, caller, slug).id
            return workspace_id, connections.found(session, workspace_id, name)

        workspace_id, found = await self._asked(self._place.read, work, name)
        leads = connections.place_of(found)
        address = await self._address(leads, found.changed_by)
        try:
            password = self._sealing.open(found.secret, found.id)
        except SealBrokenError as error:
            message = "The password of this connection was sealed with another key (`connections_key`)."
            raise ServiceError("connection_sealed", message, "PATCH the connection with its password.") from error
        where = (leads.host, address, leads.port, leads.database, leads.user, leads.sslmode)
        return workspace_id, Target(*where, ca=leads.ca, password=password)

    async def _looked_at(self, leads: Leads, by: str) -> None:
        """Whether it can be kept: its host may be read by this person, and its certificates are some."""
        try:
            authorities.check(leads.sslmode, leads.ca)
        except AuthorityError as error:
            raise ServiceError("bad_request", str(error)) from error
        await self._address(leads, by)

    async def _address(self, leads: Leads, by: str) -> str:
        try:
            return await address_of(self._place.settings, leads.host, leads.port, by)
        except HostRefusedError as error:
            hint = "The operator says in DEITA_CONNECTIONS_ALLOW which databases may be read."
            raise ServiceError("connection_host_refused", str(error), hint) from error
        except HostUnknownError as error:
            message = f"No address is known for {leads.host}."
            raise ServiceError("connection_unreachable", message, "Check the host's name.") from error

    async def _answer(self, workspace_id: str, job: Job) -> dict[str, object]:
        try:
            answer = await self._readers.answer(workspace_id, job)
        except TooManyReadersError as error:
            raise _too_many() from error
        except ReaderLostError as error:
            raise ServiceError("connection_lost", "Reading ended before there was an answer.", "Try again.") from error
        if not answer.good:
            code = answer.body.pop("code")
            raise ServiceError(code if code in STATUS else "connection_failed", **answer.body)
        return answer.body

    async def _note(self, caller: str, workspace_id: str, name: str, wanted: models.Wanted) -> None:
        what = {"table": wanted.table} if wanted.table else {"query": (wanted.query or "")[:1000]}
        await self._place.write(
            lambda session: workspaces.audit(session, caller, "connection.read", workspace_id, name=name, **what)
        )

    async def _asked(
        self, way: Callable[[Callable[[Session], Value]], Awaitable[Value]], work: Callable[[Session], Value], name: str
    ) -> Value:
        """One transaction; what the catalog refuses gets its code."""
        try:
            return await way(work)
        except NoConnectionError as error:
            hint = "GET …/connections lists them."
            raise ServiceError("connection_not_found", f"There is no connection {name}.", hint) from error
        except ConnectionExistsError as error:
            message = f"There is a connection {name} already."
            raise ServiceError("connection_exists", message, "PATCH it, or choose another name.") from error
        except TooManyConnectionsError as error:
            message = f"A workspace may have at most {connections.MOST} connections."
            raise ServiceError("too_many_connections", message, "Delete one first.") from error
        except PasswordNeededError as error:
            message = "The connection would lead elsewhere: say the password again."
            hint = "A password is only sent where it was meant for."
            raise ServiceError("password_needed", message, hint) from error


def _workspace(session: Session, caller: str, slug: str) -> Workspace:
    return allowed(workspaces.membership(session, caller, slug), WORKING_ROLES).workspace


def _job(
    target: Target, wanted: models.Wanted, format: Format, limit: int | None, seconds: int, most: int | None = None
) -> Job:
    if (wanted.table is None) == (wanted.query is None):
        raise ServiceError("bad_request", "Name a table or a query, and not both.")
    task: Task = "rows"
    return Job(target, task, wanted.table, wanted.query, wanted.params, format, limit, most, seconds)


def _draft(name: str, wanted: models.ConnectionChange) -> Draft:
    password = None if wanted.password is None else wanted.password.get_secret_value()
    return Draft(name, wanted.host, wanted.port, wanted.database, wanted.user, wanted.sslmode, wanted.ca, password)


def _too_many() -> ServiceError:
    return ServiceError("too_many_readers", "Too many databases are being read right now.", "Try again in a moment.")


def _model(connection: Connection) -> models.Connection:
    leads = connections.place_of(connection)
    return models.Connection(
        name=connection.name,
        kind="postgres",
        host=leads.host,
        port=leads.port,
        database=leads.database,
        user=leads.user,
        sslmode=leads.sslmode,  # type: ignore[arg-type]  # the catalog holds no other
        ca=leads.ca,
        created_at=connection.created_at,
        created_by=connection.created_by,
        changed_at=connection.changed_at,
        changed_by=connection.changed_by,
    )
