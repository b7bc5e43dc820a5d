"""Who comes in: what is decided in the catalog about somebody whom the provider has just named."""

from __future__ import annotations

from sqlalchemy.orm import Session

from deita_hub.catalog import identities, people
from deita_hub.catalog.models import Person
from deita_hub.catalog.workspaces import audit
from deita_hub.names import NameRefusedError
from deita_hub.settings import OWNER
from deita_hub.sign_in.claims import Who
from deita_hub.sign_in.refusals import SignInRefusedError
from deita_hub.sign_in.settings import EVERYBODY, SignInSettings


def admit(session: Session, sign_in: SignInSettings, who: Who) -> str:
    """The name of the person who signs in. Raises `SignInRefusedError`.

    The number at the provider decides, then whether somebody is expected by this username; a name alone never leads
    to a person who is there already. Strangers are not told which names there are.
    """
    listed = is_listed(sign_in, who)
    person = identities.known(session, who.issuer, who.subject) or _expected(session, who)
    if person is None:
        if not listed:
            raise _stranger(sign_in, who)
        person = _newcomer(session, sign_in, who)
    if not (person.named or listed):
        raise _stranger(sign_in, who)
    audit(session, person.name, "sign_in", None, provider=sign_in.kind)
    return person.name


def is_listed(sign_in: SignInSettings, who: Who) -> bool:
    """Whether the settings let them in: by an address's domain, exactly, or by username or address."""
    return EVERYBODY in sign_in.people or bool(
        who.domains & sign_in.domains or who.emails & sign_in.people or who.username in sign_in.people
    )


def add(session: Session, sign_in: SignInSettings, typed: str, *, by: str, admin: bool = False) -> Person:
    """Let somebody in by name who may never have signed in, and await their username at the provider.

    Who is there already stays as they are: to have somebody from the provider become them is the operator's to say.
    Raises `NameRefusedError`.
    """
    name = sign_in.person_of(typed)
    if name == OWNER or people.person(session, name) is not None:
        return people.ensure_person(session, name, admin=admin)
    username = sign_in.username_of(typed)
    person = people.ensure_person(session, name, admin=admin)
    if username is not None:
        expect(session, person, username, by=by)
    return person


def expect(session: Session, person: Person, username: str, *, by: str) -> None:
    """Await the person with this username. Raises `NameRefusedError` where somebody else is awaited with it."""
    try:
        identities.await_sign_in(session, person, username, by=by)
    except identities.AwaitedError as error:
        raise NameRefusedError(f"Who signs in as {username} becomes {error}: say that name.") from error


def refused(session: Session, sign_in: SignInSettings, code: str, username: str) -> None:
    """Write down that somebody was not let in."""
    details = {"provider": sign_in.kind, "code": code, "username": username[:100]}
    audit(session, identities.OPERATOR, "sign_in.refused", None, **details)


def _expected(session: Session, who: Who) -> Person | None:
    person = identities.awaited(session, who.username)
    if person is not None:
        identities.connect(session, person, who.issuer, who.subject, who.username)
    return person


def _stranger(sign_in: SignInSettings, who: Who) -> SignInRefusedError:
    return SignInRefusedError("unverified_email" if who.unverified and sign_in.domains else "not_allowed", who.username)


def _newcomer(session: Session, sign_in: SignInSettings, who: Who) -> Person:
    try:
        name = sign_in.person_of(who.username)
    except NameRefusedError as error:
        raise SignInRefusedError("name_unusable", who.username) from error
    if name == OWNER or people.person(session, name) is not None:
        raise SignInRefusedError("name_taken", who.username)
    person = people.ensure_person(session, name, named=False)
    identities.connect(session, person, who.issuer, who.subject, who.username)
    return person
