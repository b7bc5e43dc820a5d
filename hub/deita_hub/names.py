"""Names of people and workspaces: what is allowed, and how a slug is made from a workspace's name."""

from __future__ import annotations

import re
import unicodedata

PERSON = re.compile(r"[a-z](?:[a-z0-9._]|-(?!-))*(?<!-)")
SLUG = re.compile(r"[a-z](?:[a-z0-9]|-(?!-))*(?<!-)")
LONGEST_PERSON = 40
LONGEST_SLUG = 30
LONGEST_NAME_BYTES = 200
DASHBOARDS = "dash-"
"""`dash-<slug>` is the hub's user for the dashboard server of a workspace: nobody may be called so."""


class NameRefusedError(ValueError):
    """A name that cannot be used; the message says why and is for the person who chose it."""


def check_person(name: str) -> str:
    """The name if a person may have it, else `NameRefusedError`."""
    if name.startswith(DASHBOARDS):
        raise NameRefusedError("Names beginning with dash- are reserved.")
    if len(name) > LONGEST_PERSON or not PERSON.fullmatch(name):
        raise NameRefusedError(
            f"A person's name has at most {LONGEST_PERSON} lower-case letters, digits, dots, underscores and single "
            "hyphens, and begins with a letter."
        )
    return name


def dashboard_user(slug: str) -> str:
    """The hub's user to whom the dashboard server of this workspace belongs."""
    return DASHBOARDS + slug


def is_dashboard_user(name: str) -> bool:
    """Whether this is such a user and no person."""
    return name.startswith(DASHBOARDS)


def check_slug(slug: str) -> str:
    """The slug if a workspace may have it, else `NameRefusedError`."""
    if len(slug) > LONGEST_SLUG or not SLUG.fullmatch(slug):
        raise NameRefusedError(
            f"A slug has at most {LONGEST_SLUG} lower-case letters, digits and single hyphens, begins with a letter "
            "and does not end with a hyphen."
        )
    return slug


def check_workspace_name(name: str) -> str:
    """The name in its normal form (NFC, no space around it), else `NameRefusedError`.

    Control, format (bidirectional, zero-width), unassigned and private characters are refused: they hide
    what a name says.
    """
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean:
        raise NameRefusedError("A workspace needs a name.")
    if len(clean.encode()) > LONGEST_NAME_BYTES:
        raise NameRefusedError(f"A workspace's name has at most {LONGEST_NAME_BYTES} bytes.")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"} for character in clean):
        raise NameRefusedError("A workspace's name holds an invisible or control character.")
    return clean


def slug_from(name: str) -> str:
    """A slug for a workspace of this name: `Ümsätze 2025` → `umsatze-2025`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if slug and not slug[0].isalpha():
        slug = f"w-{slug}"
    return slug[:LONGEST_SLUG].strip("-") or "workspace"


def numbered(slug: str, number: int) -> str:
    """The slug with a number behind it, still short enough."""
    tail = f"-{number}"
    return slug[: LONGEST_SLUG - len(tail)].strip("-") + tail
