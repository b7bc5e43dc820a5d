"""Which names a file may have. Names only ever stand in the database; the rules protect those who download them."""

from __future__ import annotations

import unicodedata

from deita_server.errors import DeitaError

MAX_BYTES = 200
RESERVED = {"con", "prn", "aux", "nul", *(f"{device}{n}" for device in ("com", "lpt") for n in "0123456789¹²³")}
# Unicode's control, format (bidi controls, zero-width characters), surrogate and line-separator characters. The joiners
# of some emoji and scripts are among them: two names that look the same would differ otherwise.
HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def checked(name: str) -> str:
    """Return `name` in NFC; raises `bad_name` saying what is wrong with it."""
    name = unicodedata.normalize("NFC", name)
    problem = _problem(name)
    if problem:
        raise DeitaError("bad_name", f"A file cannot have this name: {problem}.", details={"problem": problem})
    return name


def key(name: str) -> str:
    """Return what two names share when they would be taken for the same."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _problem(name: str) -> str | None:
    if not name or not name.strip():
        return "it is empty"
    if any(unicodedata.category(character) in HIDDEN for character in name):
        return "it has control or invisible characters"
    if len(name.encode()) > MAX_BYTES:
        return f"it is longer than {MAX_BYTES} bytes"
    if "/" in name or "\\" in name:
        return "it has a path; names are flat here"
    if name[0] in ".-":
        return "it begins with a dot or a dash"
    if name != name.strip() or name.endswith("."):
        return "it begins or ends with a space or ends with a dot"
    if name.split(".")[0].strip().casefold() in RESERVED:
        return "some systems reserve it"
    return None
