"""What is believed of a provider's answer, and which settings there are."""

from __future__ import annotations

from typing import Any

import pytest
from deita_hub import profile, settings
from deita_hub.names import NameRefusedError
from deita_hub.setting_values import SettingsError
from deita_hub.sign_in import claims, discovery
from deita_hub.sign_in.refusals import WORDS, SignInRefusedError
from deita_hub.sign_in.settings import SignInSettings, sign_in_settings

CLIENT = {"DEITA_SIGN_IN_CLIENT_ID": "deita", "DEITA_SIGN_IN_CLIENT_SECRET": "a-secret-geheim-0123456789"}
ISSUER = "https://id.example.org/realms/deita"
OIDC = {**CLIENT, "DEITA_SIGN_IN": "oidc", "DEITA_SIGN_IN_ISSUER": ISSUER}
GITHUB = {**CLIENT, "DEITA_SIGN_IN": "github"}
GOOGLE = {**CLIENT, "DEITA_SIGN_IN": "google"}


def read(source: dict[str, str], **more: str) -> SignInSettings:
    return sign_in_settings({**source, **{f"DEITA_SIGN_IN_{name}": value for name, value in more.items()}})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DEITA_SIGN_IN": "saml"}, "link, github, google, oidc"),
        ({"DEITA_SIGN_IN": "github"}, "DEITA_SIGN_IN_CLIENT_ID"),
        ({**GITHUB, "DEITA_SIGN_IN_CLIENT_SECRET": "geheim"}, "at least 16"),
        ({**OIDC, "DEITA_SIGN_IN_ISSUER": ""}, "DEITA_SIGN_IN_ISSUER"),
        ({**OIDC, "DEITA_SIGN_IN_ISSUER": "http://id.example.org"}, "https"),
        ({**OIDC, "DEITA_SIGN_IN_ISSUER": "https://deita:geheim@id.example.org"}, "https"),
        ({**GOOGLE, "DEITA_SIGN_IN_ISSUER": ISSUER}, "DEITA_SIGN_IN_ISSUER"),
        ({**GITHUB, "DEITA_SIGN_IN_NAME_CLAIM": "email"}, "DEITA_SIGN_IN_NAME_CLAIM"),
        ({**OIDC, "DEITA_SIGN_IN_DOMAINS": "@example.org"}, "DEITA_SIGN_IN_DOMAINS"),
        ({**OIDC, "DEITA_SIGN_IN_DOMAINS": "*.example.org"}, "DEITA_SIGN_IN_DOMAINS"),
        ({**OIDC, "DEITA_SIGN_IN_DOMAINS": "exаmple.org"}, "DEITA_SIGN_IN_DOMAINS"),
        ({**GITHUB, "DEITA_SIGN_IN_PEOPLE": "*"}, "everybody"),
        ({**GOOGLE, "DEITA_SIGN_IN_PEOPLE": "ana"}, "whole address"),
        ({**GITHUB, "DEITA_SIGN_OUT": "provider"}, "DEITA_SIGN_OUT"),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.load(given)
    assert said in str(refused.value)
    assert "geheim" not in str(refused.value) + repr(sign_in_settings(OIDC))


def test_children_read_the_same_settings() -> None:
    found = settings.load({**OIDC, "DEITA_SIGN_IN_DOMAINS": "Example.org, example.com", "DEITA_SIGN_OUT": "provider"})
    assert settings.load(found.environment()).sign_in == found.sign_in
    assert found.sign_in.domains == {"example.org", "example.com"}
    assert found.sign_in.label == "id.example.org"


def test_a_provider_needs_walls_and_in_production_https() -> None:
    with pytest.raises(SettingsError, match="DEITA_SIGN_IN_CLIENT_SECRET_FILE"):
        profile.check(settings.load({**OIDC, "DEITA_SIGN_IN_CLIENT_SECRET": ""}))
    with pytest.raises(SettingsError, match="nothing separates them"):
        profile.check(settings.load({**OIDC, "DEITA_SANDBOX": "none"}))
    profile.check(settings.load({**OIDC, "DEITA_SANDBOX": "bubblewrap"}))
    local = {**OIDC, "DEITA_SIGN_IN_ISSUER": "http://localhost:9000", "DEITA_SANDBOX": "bubblewrap"}
    profile.check(settings.load(local))
    with pytest.raises(SettingsError, match="DEITA_SIGN_IN_ISSUER"):
        profile.check(settings.load({**local, "DEITA_PROFILE": "production"}))


@pytest.mark.parametrize(
    ("domains", "typed", "username", "person"),
    [
        ("example.org", "Ana@Example.org", "ana@example.org", "ana"),
        ("example.org", "ana", "ana@example.org", "ana"),
        ("example.org", "ana@example.com", "ana@example.com", "ana-at-example.com"),
        ("example.org,example.com", "ana@example.org", "ana@example.org", "ana-at-example.org"),
    ],
)
def test_an_address_becomes_a_name(domains: str, typed: str, username: str, person: str) -> None:
    sign_in = read(GOOGLE, DOMAINS=domains)
    assert sign_in.username_of(typed) == username
    assert sign_in.person_of(username) == person


@pytest.mark.parametrize(
    "name", ["dash-ana", "ana+x@example.org", "a@b@example.org", "\u212aim", "аna", "ana ", "1a", ""]
)
def test_names_that_nobody_may_have_are_refused(name: str) -> None:
    for sign_in in (read(GOOGLE, DOMAINS="example.org"), read(OIDC)):
        with pytest.raises(NameRefusedError):
            sign_in.person_of(name)


@pytest.mark.parametrize(
    ("email", "flag", "domains"),
    [
        ("Ana@EXAMPLE.org", True, {"example.org"}),
        ("ana@evil-example.org", True, {"evil-example.org"}),
        ("ana@example.org@evil.test", True, set()),
        ("ana@example.org", False, set()),
        ("ana@example.org", "true", set()),
        ("ana@example.org", 1, set()),
        ("ana@example.org", None, set()),
        ("ana@exаmple.org", True, {"exаmple.org"}),
        ("ana@example.org\n", True, set()),
        ("ana@example.org ", True, set()),
        ("@example.org", True, set()),
        (["ana@example.org"], True, set()),
        (None, True, set()),
    ],
)
def test_only_a_verified_address_with_one_at_sign_counts(email: Any, flag: Any, domains: set[str]) -> None:
    found = claims.from_oidc(
        {"sub": "7", "preferred_username": "Ana", "email": email, "email_verified": flag}, read(OIDC)
    )
    assert (found.subject, found.username, found.domains) == ("7", "ana", domains)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"sub": "7"}, "name_missing"),
        ({"sub": "7", "preferred_username": ["ana"]}, "name_missing"),
        ({"sub": "7", "preferred_username": "a" * 300}, "name_missing"),
        ({"preferred_username": "ana"}, "name_missing"),
        ({"sub": "", "preferred_username": "ana"}, "name_missing"),
        ({"sub": "7", "preferred_username": "ana@example.org"}, "unverified_email"),
        (
            {"sub": "7", "preferred_username": "ana@example.org", "email": "ana@evil.test", "email_verified": True},
            "unverified_email",
        ),
    ],
)
def test_who_cannot_be_told_apart_is_refused(given: dict[str, Any], code: str) -> None:
    with pytest.raises(SignInRefusedError) as refused:
        claims.from_oidc(given, read(OIDC))
    assert refused.value.code == code


def test_a_private_google_account_does_not_speak_for_its_domain() -> None:
    account = {"id": "7", "email": "ana@example.org", "verified_email": True}
    sign_in = read(GOOGLE, DOMAINS="example.org")
    assert claims.from_google({**account, "hd": "example.org"}, sign_in).domains == {"example.org"}
    assert claims.from_google({**account, "hd": "evil.test"}, sign_in).domains == set()
    assert claims.from_google(account, sign_in).domains == set()
    assert claims.from_google({**account, "email": "ana@gmail.com"}, sign_in).domains == {"gmail.com"}
    with pytest.raises(SignInRefusedError, match="unverified_email"):
        claims.from_google({**account, "verified_email": False}, sign_in)


def test_github_is_known_by_number_and_its_verified_addresses() -> None:
    addresses = [{"email": "a@example.org", "verified": True}, {"email": "b@evil.test", "verified": False}, "x"]
    found = claims.from_github({"id": 7, "login": "Ana"}, addresses, read(GITHUB))
    assert (found.subject, found.username, found.emails) == ("7", "ana", {"a@example.org"})
    with pytest.raises(SignInRefusedError):
        claims.from_github({"id": True, "login": "ana"}, [], read(GITHUB))


def test_a_discovery_document_must_fit() -> None:
    fine = {"issuer": ISSUER} | {
        f"{each}_endpoint": f"{ISSUER}/{each}" for each in ("authorization", "token", "userinfo")
    }
    assert discovery.endpoints(fine, ISSUER).token == f"{ISSUER}/token"
    for wrong in (
        {"issuer": "https://evil.test"},
        {"token_endpoint": "http://id.example.org/token"},
        {"userinfo_endpoint": 1},
    ):
        with pytest.raises(discovery.DiscoveryError):
            discovery.endpoints({**fine, **wrong}, ISSUER)
    with pytest.raises(discovery.DiscoveryError):
        discovery.endpoints([], ISSUER)


def test_every_refusal_has_words() -> None:
    for words in WORDS.values():
        for text in (words.title, words.message, words.todo):
            assert text.format(provider="X", username="y")
