"""Slugs of saved queries: what stands for one in an address, made from its name once and never changed."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from deita_server.errors import bad_field

LONGEST = 60
SLUG = re.compile(r"[a-z](?:[a-z0-9]|-(?!-))*(?<!-)")
HIDDEN = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"})


def checked_slug(slug: str) -> str:
    """Return the slug if a saved query may have it; raises bad_request."""
    if len(slug) > LONGEST or not SLUG.fullmatch(slug):
        raise bad_field(
            "slug",
            f"it has at most {LONGEST} lower-case letters, digits and single hyphens, and begins with a letter",
        )
    return slug


def checked_name(name: str) -> str:
    """Return the name in its normal form; raises bad_request when it is empty or hides what it says."""
    clean = unicodedata.normalize("NFC", name).strip()
    if not clean or any(unicodedata.category(character) in HIDDEN for character in clean):
        raise bad_field("name", "it must not be empty, nor hold invisible or control characters")
    return clean


def slug_from(name: str) -> str:
    """Return the slug that a name has: `Späte Flüge 2025` → `spate-fluge-2025`; the same name has the same slug."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not slug:
        return "query-" + hashlib.sha256(name.encode()).hexdigest()[:8]
    return (slug if slug[0].isalpha() else f"q-{slug}")[:LONGEST].strip("-")
