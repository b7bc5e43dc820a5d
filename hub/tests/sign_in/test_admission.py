"""Whom a sign-in leads to: nobody becomes somebody else by a name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from deita_hub.catalog import identities, members, people, workspaces
from deita_hub.catalog.database import Catalog
from deita_hub.catalog.models import AuditEntry
from deita_hub.catalog.workspaces import Draft
from deita_hub.names import NameRefusedError
from deita_hub.sign_in import admission
from deita_hub.sign_in.claims import Who
from deita_hub.sign_in.refusals import SignInRefusedError
from deita_hub.sign_in.settings import SignInSettings
from sqlalchemy import select
from sqlalchemy.orm import Session

from .test_claims import ISSUER, OIDC, read

LISTED = read(OIDC, DOMAINS="example.org", PEOPLE="liz,zoe@example.com")
CLOSED = read(OIDC)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    catalog = Catalog(f"sqlite:///{tmp_path / 'catalog.sqlite'}")
    catalog.migrate()
    with catalog.write() as session:
        people.ensure_person(session, "me", admin=True)
        yield session
    catalog.close()


def who(username: str, subject: str = "", email: str = "") -> Who:
    emails = frozenset([email] if email else [])
    domains = frozenset(each.partition("@")[2] for each in emails)
    return Who(ISSUER, subject or f"number-of-{username}", username, emails, domains)


def refusal(session: Session, sign_in: SignInSettings, someone: Who) -> str:
    with pytest.raises(SignInRefusedError) as refused:
        admission.admit(session, sign_in, someone)
    return refused.value.code


def test_lists_let_in_and_make_nobody_an_administrator(session: Session) -> None:
    assert admission.admit(session, LISTED, who("ana", email="ana@example.org")) == "ana"
    assert admission.admit(session, LISTED, who("liz")) == "liz"
    assert admission.admit(session, LISTED, who("zoe", email="zoe@example.com")) == "zoe"
    assert [(each.name, each.admin) for each in people.people(session)] == [
        ("ana", False),
        ("liz", False),
        ("me", True),
        ("zoe", False),
    ]
    for email in ("", "eve@evil-example.org", "eve@example.org.evil.test", "eve@sub.example.org", "eve@exаmple.org"):
        assert refusal(session, LISTED, who("eve", email=email)) == "not_allowed"
    assert refusal(session, CLOSED, who("eve", email="eve@example.org")) == "not_allowed"
    assert admission.admit(session, read(OIDC, PEOPLE="*"), who("eve")) == "eve"


def test_who_is_taken_off_a_list_is_out_unless_somebody_added_them(session: Session) -> None:
    ana = who("ana", email="ana@example.org")
    admission.admit(session, LISTED, ana)
    assert refusal(session, CLOSED, ana) == "not_allowed"
    admission.add(session, CLOSED, "ana", by="me")
    assert admission.admit(session, CLOSED, ana) == "ana"


def test_a_name_alone_never_leads_to_somebody_who_is_there(session: Session) -> None:
    people.ensure_person(session, "bob")  # signs in by links
    for name in ("me", "bob"):
        assert refusal(session, LISTED, who(name, email=f"{name}@example.org")) == "name_taken"
        assert refusal(session, CLOSED, who(name)) == "not_allowed", "strangers learn no names"
    assert refusal(session, LISTED, who("dash-start", email="x@example.org")) == "name_unusable"
    admission.add(session, LISTED, "bob", by="me")
    admission.add(session, LISTED, "me", by="me")
    assert refusal(session, LISTED, who("bob", email="bob@example.org")) == "name_taken"
    assert identities.awaited(session, "me") is None


def test_the_number_stays_when_the_name_changes_or_falls_to_somebody_else(session: Session) -> None:
    assert admission.admit(session, LISTED, who("ana", "1", "ana@example.org")) == "ana"
    assert admission.admit(session, LISTED, who("ana-maria", "1", "am@example.org")) == "ana"
    assert refusal(session, LISTED, who("ana", "2", "ana@example.org")) == "name_taken"
    other = Who("https://elsewhere.test", "1", "ana", frozenset(), frozenset({"example.org"}))
    assert refusal(session, LISTED, other) == "name_taken"


def test_who_was_added_by_name_is_awaited_once(session: Session) -> None:
    workspaces.create(session, "me", Draft("Shop"))
    workspace = workspaces.membership(session, "me", "shop").workspace  # type: ignore[union-attr]
    person = admission.add(session, CLOSED, "Vera", by="me")
    members.add(session, workspace, person.name, "editor", by="me")
    assert person.awaits == "vera"
    assert admission.admit(session, CLOSED, who("vera", "1")) == "vera"
    assert workspaces.membership(session, "vera", "shop") is not None
    assert refusal(session, LISTED, who("vera", "2", "vera@example.org")) == "name_taken"
    noted = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert {"person.await", "person.connect", "sign_in"} <= set(noted)


def test_the_operator_connects_people_with_other_usernames(session: Session) -> None:
    me = people.person(session, "me")
    assert me is not None
    admission.expect(session, me, "ana+work", by="-")
    with pytest.raises(NameRefusedError, match="becomes me"):
        admission.expect(session, people.ensure_person(session, "bob"), "ana+work", by="-")
    assert admission.admit(session, CLOSED, who("ana+work", "1")) == "me"
    admission.expect(session, me, "ana", by="-")
    assert refusal(session, CLOSED, who("ana+work", "1")) == "not_allowed"
    assert admission.admit(session, CLOSED, who("ana", "2")) == "me"
    identities.disconnect(session, me)
    assert refusal(session, CLOSED, who("ana", "2")) == "not_allowed"
