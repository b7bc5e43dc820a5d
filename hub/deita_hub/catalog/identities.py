"""Which person of Deita somebody is whom the provider knows.

A person and a number at the provider belong together from the first sign-in on. Before it a person may await a
username: whoever brings it first is that person. Who signed in by links before there was a provider awaits none, so
that no stranger of the same name becomes them.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from deita_hub.catalog.database import now
from deita_hub.catalog.models import Identity, Person
from deita_hub.catalog.workspaces import audit

OPERATOR = "-"
"""Stands in the audit for who works at the console, and for strangers: nobody can be called so."""


class AwaitedError(Exception):
    """Somebody else is expected with this username; the text is their name."""


def identity(session: Session, person: str) -> Identity | None:
    """Who this person is at the provider."""
    return session.get(Identity, person)


def known(session: Session, issuer: str, subject: str) -> Person | None:
    """Whom this number belongs to."""
    query = select(Person).join(Identity).where(Identity.issuer == issuer, Identity.subject == subject)
    return session.scalars(query).one_or_none()


def awaited(session: Session, username: str) -> Person | None:
    """Who is expected to sign in for the first time with this username."""
    return session.scalars(select(Person).where(Person.awaits == username)).one_or_none()


def await_sign_in(session: Session, person: Person, username: str, *, by: str = OPERATOR) -> None:
    """Expect this person with that username; whoever they were at the provider is forgotten. Raises `AwaitedError`."""
    other = awaited(session, username)
    if other is not None and other is not person:
        raise AwaitedError(other.name)
    _forget(session, person)
    person.awaits, person.named = username, True
    audit(session, by, "person.await", None, member=person.name, username=username)
    session.flush()


def disconnect(session: Session, person: Person) -> None:
    """Know this person at the provider no longer, and expect nobody in their place."""
    _forget(session, person)
    person.awaits = None
    audit(session, OPERATOR, "person.disconnect", None, member=person.name)


def connect(session: Session, person: Person, issuer: str, subject: str, username: str) -> None:
    """Know this person by the number from now on."""
    session.add(Identity(person=person.name, issuer=issuer, subject=subject, username=username, connected_at=now()))
    person.awaits = None
    audit(session, person.name, "person.connect", None, issuer=issuer, username=username)
    session.flush()


def _forget(session: Session, person: Person) -> None:
    before = identity(session, person.name)
    if before is not None:
        session.delete(before)
        session.flush()
