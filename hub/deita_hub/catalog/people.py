"""People and the one-time links by which they sign in."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from deita_hub.catalog.database import now
from deita_hub.catalog.models import Identity, Person, SignInLink
from deita_hub.names import check_person

LINK_LIFETIME = timedelta(minutes=15)
FIRST_LINK_LIFETIME = timedelta(hours=24)
"""Of the link that `deita up` prints: it may wait for its reader in a terminal."""

MOST_OPEN_LINKS = 20
"""Of one person; the oldest go first."""


def person(session: Session, name: str) -> Person | None:
    """The person of that name."""
    return session.get(Person, name)


def people(session: Session) -> list[Person]:
    """Everybody, by name."""
    return list(session.scalars(select(Person).order_by(Person.name)))


def ensure_person(session: Session, name: str, *, admin: bool = False, named: bool = True) -> Person:
    """The person of that name, added if need be; `admin` and `named` are given and never taken away.

    `named` is true where whoever may let people in wants this person in.
    """
    found = session.get(Person, check_person(name))
    if found is None:
        found = Person(name=name, admin=admin, named=named, created_at=now())
        session.add(found)
        session.flush()
    found.admin, found.named = found.admin or admin, found.named or named
    return found


def make_link(session: Session, name: str, lifetime: timedelta = LINK_LIFETIME) -> str:
    """A fresh one-time token for this person; only its hash is kept. Expired and surplus ones are swept."""
    moment = now()
    session.execute(delete(SignInLink).where(SignInLink.expires_at < moment - timedelta(days=7)))
    open_links = select(SignInLink).where(SignInLink.person == name).order_by(SignInLink.created_at.desc())
    for surplus in session.scalars(open_links.offset(MOST_OPEN_LINKS - 1)):
        session.delete(surplus)
    token = secrets.token_urlsafe(32)
    session.add(SignInLink(token_hash=_hash(token), person=name, created_at=moment, expires_at=moment + lifetime))
    return token


def shut_out(session: Session, name: str) -> None:
    """End every way in of a person: their links, and who they are at the provider, or are expected to be."""
    session.execute(delete(SignInLink).where(SignInLink.person == name))
    session.execute(delete(Identity).where(Identity.person == name))
    session.execute(update(Person).where(Person.name == name).values(awaits=None))


def use_link(session: Session, token: str) -> str | None:
    """Whose link this was, if it was good: one UPDATE takes it, so of two at the same time only one gets in."""
    moment = now()
    digest = _hash(token)
    return session.execute(
        update(SignInLink)
        .where(SignInLink.token_hash == digest, SignInLink.used_at.is_(None), SignInLink.expires_at > moment)
        .values(used_at=moment)
        .returning(SignInLink.person)
    ).scalar_one_or_none()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
