"""Names of people and workspaces."""

import pytest
from deita_hub.names import NameRefusedError, check_person, check_slug, check_workspace_name, numbered, slug_from


@pytest.mark.parametrize("name", ["me", "ana", "a1", "ana.maria", "x_y", "a-b"])
def test_ordinary_names_of_people_are_fine(name: str) -> None:
    assert check_person(name) == name


@pytest.mark.parametrize("name", ["", "dash-shop", "Ana", "1st", "a--b", "a-", "a/b", "a b", "é", "a" * 41, "../x"])
def test_other_names_of_people_are_refused(name: str) -> None:
    with pytest.raises(NameRefusedError):
        check_person(name)


@pytest.mark.parametrize("slug", ["a", "shop", "sales-2025", "a" * 30])
def test_good_slugs(slug: str) -> None:
    assert check_slug(slug) == slug


@pytest.mark.parametrize("slug", ["", "A", "1a", "-a", "a-", "a--b", "a_b", "a.b", "a" * 31, "a\n", "ä"])
def test_bad_slugs(slug: str) -> None:
    with pytest.raises(NameRefusedError):
        check_slug(slug)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Sales", "sales"),
        ("Ümsätze 2025!", "umsatze-2025"),
        ("2025", "w-2025"),
        ("日本", "workspace"),
        ("a" * 29 + " b", "a" * 29),
    ],
)
def test_a_slug_is_made_from_the_name(name: str, slug: str) -> None:
    assert slug_from(name) == slug
    check_slug(slug_from(name))


def test_a_numbered_slug_stays_short_enough() -> None:
    assert check_slug(numbered("a" * 30, 12)) == "a" * 27 + "-12"


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "a\u202eb", "a\u200bb", "é" * 101])
def test_names_that_hide_something_are_refused(name: str) -> None:
    with pytest.raises(NameRefusedError):
        check_workspace_name(name)


def test_a_workspace_name_is_normalised() -> None:
    assert check_workspace_name(" Cafe\u0301 ") == "Café"
