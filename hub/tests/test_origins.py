"""Names of origins: which can be set, what stands for a person, and what a production profile demands."""

from __future__ import annotations

import pytest
from deita_hub import names, origins, profile, settings
from deita_hub.settings import SettingsError

HOST = {"DEITA_SUBDOMAIN_HOST": "https://deita.example.org"}
PRODUCTION = {"DEITA_PROFILE": "production"}


@pytest.mark.parametrize(
    "value",
    [
        "deita.example.org",
        "https://deita.example.org/base",
        "https://me@deita.example.org",
        "https://192.0.2.7",
        "https://[::1]",
        "https://deita.example.org:port",
        "ftp://deita.example.org",
        "https://deita example.org",
    ],
)
def test_what_has_no_subdomains_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="DEITA_SUBDOMAIN_HOST must be"):
        settings.load({"DEITA_SUBDOMAIN_HOST": value})


def test_each_person_and_each_workspaces_viewers_have_an_origin() -> None:
    found = settings.load({**HOST, "DEITA_PORT": "8123"}).origins
    assert found.of("me") == "https://me.deita.example.org"
    assert found.of(names.dashboard_user("shop")) == "https://dash-shop.deita.example.org"
    assert found.public == "https://deita.example.org"
    assert (found.local, found.names("me")) == ("http://127.0.0.1:8123", {"Host": "me.deita.example.org"})
    assert origins.domain_of("deita", "deita.example.org", "service") == "deita.example.org"


def test_without_a_host_everybody_has_the_same() -> None:
    found = settings.load({"DEITA_PORT": "8123"}).origins
    assert found.of("me") == found.public == "http://127.0.0.1:8123"
    assert found.names("me") == {}


def test_names_that_are_no_labels_get_one_that_nobody_else_has() -> None:
    people = ["ana.b", "ana_b", "ana-b", "a" * 40, "u-ana-b", "ana."]
    labels = [origins.label(names.check_person(person)) for person in people]
    assert len(set(labels)) == len(people)
    assert labels[2] == "ana-b"
    assert all(len(each) <= 63 and each.strip("-") == each for each in labels)


def test_children_read_the_same() -> None:
    found = settings.load({**HOST, **PRODUCTION})
    again = settings.load(found.environment())
    assert (again.subdomain_host, again.profile) == ("https://deita.example.org", "production")


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "DEITA_SUBDOMAIN_HOST=https://"),
        ({"DEITA_SUBDOMAIN_HOST": "http://deita.example.org"}, "DEITA_SUBDOMAIN_HOST=https://"),
        ({**HOST, "DEITA_SANDBOX": "none"}, "walls between people are needed"),
        ({**HOST, "DEITA_SANDBOX": "bubblewrap", "DEITA_TRUST_EVERYONE": "1"}, "DEITA_TRUST_EVERYONE has to be 0"),
    ],
)
def test_production_is_refused_with_less(more: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        profile.check(settings.load({**PRODUCTION, **more}))


def test_production_is_let_through_and_nothing_is_demanded_otherwise() -> None:
    profile.check(settings.load({**PRODUCTION, **HOST, "DEITA_SANDBOX": "bubblewrap"}))
    profile.check(settings.load({}))
