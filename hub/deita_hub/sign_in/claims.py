"""Whom a provider says that somebody is, taken from its answer with as little trust as will do.

A person is known by the number that the provider gave them, which stays and is never given to anybody else. Names and
addresses can be changed there and fall to others, so they decide only about the first sign-in. An address counts when
the provider says that it was verified, and has exactly one @.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deita_hub.sign_in.refusals import SignInRefusedError
from deita_hub.sign_in.settings import SignInSettings, comparable

LONGEST = 255
GOOGLES_OWN = frozenset({"gmail.com", "googlemail.com"})
Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Who:
    """`subject` is the number; `emails` are verified, `domains` those that may speak for them."""

    issuer: str
    subject: str
    username: str
    emails: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    unverified: bool = False
    """Whether there is an address that does not count."""


def from_oidc(claims: Claims, sign_in: SignInSettings) -> Who:
    """Standard claims of OpenID Connect. Raises `SignInRefusedError`."""
    emails = verified([claims.get("email")] if claims.get("email_verified") is True else [])
    username = _username(claims, sign_in.name_claim, emails)
    unverified = bool(claims.get("email")) and not emails
    domains = frozenset(map(domain_of, emails))
    return Who(sign_in.issuer, _subject(claims.get("sub")), username, emails, domains, unverified)


def from_google(claims: Claims, sign_in: SignInSettings) -> Who:
    """Google's userinfo. Raises `SignInRefusedError`.

    A domain's own accounts carry it in `hd`. Whoever once could read mail there may have made a private Google account
    for the same address, which stays theirs when they leave: such a one does not speak for the domain.
    """
    emails = verified([claims.get("email")] if claims.get("verified_email") is True else [])
    hosted = claims.get("hd")
    own = {comparable(hosted)} if isinstance(hosted, str) else GOOGLES_OWN
    domains = frozenset(map(domain_of, emails)) & own
    username = _username(claims, "email", emails)
    return Who(sign_in.issuer, _subject(claims.get("id")), username, emails, domains)


def from_github(claims: Claims, addresses: Iterable[Any], sign_in: SignInSettings) -> Who:
    """GitHub's user and list of e-mail addresses. Raises `SignInRefusedError`."""
    number = claims.get("id")
    subject = str(number) if isinstance(number, int) and not isinstance(number, bool) else None
    emails = verified(
        each.get("email") for each in addresses if isinstance(each, Mapping) and each.get("verified") is True
    )
    username = _username(claims, "login", frozenset())
    return Who(sign_in.issuer, _subject(subject), username, emails, frozenset(map(domain_of, emails)))


def verified(addresses: Iterable[object]) -> frozenset[str]:
    """Those of the addresses that can be told apart from others without doubt: one @, printable, not too long."""
    return frozenset(
        comparable(each)
        for each in addresses
        if isinstance(each, str) and each.count("@") == 1 and all(each.split("@")) and _plain(each)
    )


def domain_of(email: str) -> str:
    """What stands behind the @."""
    return email.rpartition("@")[2]


def _username(claims: Claims, claim: str, emails: frozenset[str]) -> str:
    """The name; one that is an address has to be a verified one."""
    value = claims.get(claim)
    if not isinstance(value, str) or not value or not _plain(value):
        raise SignInRefusedError("name_missing")
    username = comparable(value)
    if "@" in username and username not in emails:
        raise SignInRefusedError("unverified_email", username)
    return username


def _subject(value: object) -> str:
    if not isinstance(value, str) or not value or not _plain(value):
        raise SignInRefusedError("name_missing")
    return value


def _plain(text: str) -> bool:
    return len(text) <= LONGEST and text.isprintable() and not any(each.isspace() for each in text)
