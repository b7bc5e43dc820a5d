"""What clients do to what is there: tables that are dropped, renamed or restored, members who come, rise and go.

Each first makes what it changes; where that was not certainly there, nothing can be said of the change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from .book import Told
from .client import Client, UnansweredError
from .operations import HALF, ROWS, Seen, answered, write

# tables


def made(client: Client, name: str) -> str:
    """The address of a new table."""
    told = write(client, f"CREATE TABLE {name} AS SELECT range AS part FROM range({ROWS})")
    if told.outcome != "acknowledged":
        raise UnansweredError("there was no table to change")
    return f"{client.api}/tables/{name}"


def drop(client: Client, number: int) -> Told:
    return answered(client.send("DELETE", made(client, f"doomed_{number}")), 204)


def rename(client: Client, number: int) -> Told:
    return answered(client.send("PATCH", made(client, f"before_{number}"), json={"name": f"after_{number}"}), 200)


def restore(client: Client, number: int) -> Told:
    """A first version, of which a second has taken all rows."""
    address = made(client, f"emptied_{number}")
    if write(client, f"DELETE FROM emptied_{number}").outcome != "acknowledged":
        raise UnansweredError("there was nothing to restore")
    return answered(client.insist("POST", f"{address}/restore", json={"version": 1}), 200)


def tables(prefix: str, rows: tuple[int, ...] = (ROWS,)) -> Callable[[Client], Seen]:
    """Which tables there are, with as many rows as they may have."""

    def seen(client: Client) -> Seen:
        found = [each for each in client.items(f"{client.api}/tables") if each["name"].startswith(prefix)]
        return {int(each["name"][len(prefix) :]): 1 if each["rows"] in rows else HALF for each in found}

    return seen


def restored(client: Client) -> Seen:
    """How often tables got their rows back: each time is a version more after the second."""
    found = [each for each in client.items(f"{client.api}/tables") if each["name"].startswith("emptied_")]
    whole = {each["name"]: each["rows"] == (0 if each["version"] == 2 else ROWS) for each in found}
    return {
        int(each["name"].removeprefix("emptied_")): each["version"] - 2 if whole[each["name"]] else HALF
        for each in found
        if each["version"] >= 2
    }


# members


def add_member(client: Client, number: int) -> Told:
    return _add(client, f"p{number}")


def remove_member(client: Client, number: int) -> Told:
    return answered(client.send("DELETE", f"{client.members}/{_member(client, f'g{number}')}"), 204)


def raise_member(client: Client, number: int) -> Told:
    address = f"{client.members}/{_member(client, f'r{number}')}"
    return answered(client.send("PATCH", address, json={"role": "editor"}), 200)


def _add(client: Client, person: str) -> Told:
    return answered(client.send("POST", client.members, json={"person": person, "role": "viewer"}), 201)


def _member(client: Client, person: str) -> str:
    if _add(client, person).outcome != "acknowledged":
        raise UnansweredError("there was no member to change")
    return person


def members(letter: str, role: str | None = None) -> Callable[[Client], Seen]:
    """How often people whose names begin with this letter are there, in this role if one is given."""

    def seen(client: Client) -> Seen:
        people = client.items(client.members)
        named = [each["person"] for each in people if role in (None, each["role"])]
        return Counter(int(person[1:]) for person in named if person[0] == letter and person[1:].isdigit())

    return seen
