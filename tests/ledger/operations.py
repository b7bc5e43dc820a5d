"""What clients do: each kind is asked for by `ask`, and `seen` says how often every operation of the kind is visible.

What an operation writes holds its number, and is more than one row or byte, so that half of it would be seen as such.
"""

from __future__ import annotations

import base64
import hashlib
import random
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from .book import Told
from .client import Client, UnansweredError, code_of

ROWS = 3
"""How many rows an operation on tables writes."""
HALF = -1
"""What `seen` says of an operation of which only a part is there."""
TUS = {"Tus-Resumable": "1.0.0"}
OCTETS = {**TUS, "Content-Type": "application/offset+octet-stream"}
PREPARED = 20_000
"""How many rows wait to be updated or deleted; numbers of operations stay below."""
TABLES = (
    "CREATE TABLE inserted (number BIGINT, part BIGINT)",
    "CREATE TABLE appended (number BIGINT, part BIGINT)",
    f"CREATE TABLE updated AS SELECT range AS number, part, 0 AS hits FROM range({PREPARED}), range({ROWS}) t(part)",
    f"CREATE TABLE doomed AS SELECT range AS number, part FROM range({PREPARED}), range({ROWS}) t(part)",
)

HITS = "SELECT number, sum(hits)::BIGINT FROM updated GROUP BY number HAVING sum(hits) > 0"

ODD = ("query_failed", "internal")
"""Codes that say nothing of a fault: their message is written down, too."""

Seen = Mapping[int, int]


def content(number: int) -> bytes:
    """The bytes of an operation's file, up to 20 kB."""
    chance = random.Random(number)
    return chance.randbytes(chance.randrange(100, 20_000))


def csv(number: int) -> bytes:
    """The rows of an operation as a file."""
    return ("number,part\n" + "".join(f"{number},{part}\n" for part in range(ROWS))).encode()


def answered(answer: httpx.Response, *good: int) -> Told:
    """What an answer says: that it was done, or that it was refused."""
    return Told("acknowledged") if answer.status_code in good else Told("refused", code_of(answer))


def over(body: dict[str, Any]) -> Told:
    """What a query or an import that is over says."""
    if body["state"] == "done":
        return Told("acknowledged")
    error = body["error"] or {"code": body["state"], "message": ""}
    odd = error["message"] if error["code"] in ODD else ""
    return Told("refused", f"{error['code']} {odd}".strip())


# files


def put_file(client: Client, number: int) -> Told:
    return answered(client.send("PUT", f"{client.api}/files/file-{number}.bin", content=content(number)), 200, 201)


def send_by_tus(client: Client, number: int) -> Told:
    """In two pieces; after a break it goes on where the server says."""
    body, name = content(number), base64.b64encode(f"tus-{number}.bin".encode()).decode()
    headers = {**TUS, "Upload-Length": str(len(body)), "Upload-Metadata": f"filename {name}"}
    begun = client.send("POST", f"{client.api}/uploads", headers=headers)
    if begun.status_code != 201:
        return Told("refused", code_of(begun))
    upload = f"{client.api}/uploads/{begun.headers['Location'].rsplit('/', 1)[1]}"
    offset = 0
    for _ in range(50):
        piece = body[offset : max(offset + 1, len(body) // 2)] if offset < len(body) // 2 else body[offset:]
        try:
            sent = client.send("PATCH", upload, headers={**OCTETS, "Upload-Offset": str(offset)}, content=piece)
        except UnansweredError:
            sent = None
        if sent is not None and sent.headers.get("Deita-File"):
            return Told("acknowledged")
        where = client.read(upload, headers=TUS)
        if where.status_code != 200:
            raise UnansweredError(code_of(where))
        if where.json()["file"]:
            return Told("acknowledged")
        offset = where.json()["offset"]
    raise UnansweredError("the upload came to no end")


def delete_file(client: Client, number: int) -> Told:
    """Of a file that was certainly there; otherwise nothing can be said."""
    address = f"{client.api}/files/gone-{number}.bin"
    if client.insist("PUT", address, content=content(number)).status_code not in (200, 201):
        raise UnansweredError("there was no file to delete")
    return answered(client.send("DELETE", address), 204)


def files(client: Client, prefix: str) -> dict[int, str]:
    """The hashes of files by the number in their names."""
    found = [(each["name"], each["sha256"]) for each in client.items(f"{client.api}/files")]
    return {int(name[len(prefix) : -4]): sha256 for name, sha256 in found if name.startswith(prefix)}


def whole_files(prefix: str) -> Callable[[Client], Seen]:
    """How often files are listed and hold their bytes, all of them."""

    def seen(client: Client) -> Seen:
        there = {}
        for number, sha256 in files(client, prefix).items():
            bytes_ = client.read(f"{client.api}/files/{prefix}{number}.bin").content
            same = bytes_ == content(number) and hashlib.sha256(bytes_).hexdigest() == sha256
            there[number] = 1 if same else HALF
        return there

    return seen


# tables


def imported(client: Client, number: int, table: str, mode: str) -> Told:
    name = f"rows-{number}.csv"
    if client.insist("PUT", f"{client.api}/files/{name}", content=csv(number)).status_code not in (200, 201):
        return Told("refused", "no file")
    body = {"file": name, "table": table, "mode": mode}
    accepted = client.insist("POST", f"{client.api}/imports", json=body)
    if accepted.status_code != 202:
        return Told("refused", code_of(accepted))
    return over(client.ended(f"{client.api}/imports", accepted.json()))


def import_table(client: Client, number: int) -> Told:
    return imported(client, number, f"import_{number}", "create")


def append(client: Client, number: int) -> Told:
    return imported(client, number, "appended", "append")


def write(client: Client, sql: str) -> Told:
    body = {"sql": sql, "mode": "write", "wait_ms": 20_000}
    answer = client.insist("POST", f"{client.api}/queries", json=body)
    if answer.status_code not in (200, 202):
        return Told("refused", code_of(answer))
    return over(client.ended(f"{client.api}/queries", answer.json()))


def insert(client: Client, number: int) -> Told:
    return write(client, f"INSERT INTO inserted SELECT {number}, range FROM range({ROWS})")


def update(client: Client, number: int) -> Told:
    return write(client, f"UPDATE updated SET hits = hits + 1 WHERE number = {number}")


def delete_rows(client: Client, number: int) -> Told:
    return write(client, f"DELETE FROM doomed WHERE number = {number}")


def create_table(client: Client, number: int) -> Told:
    return write(client, f"CREATE TABLE made_{number} AS SELECT {number} AS number, range AS part FROM range({ROWS})")


def whole_tables(prefix: str) -> Callable[[Client], Seen]:
    """How often tables were made, with all of their rows."""

    def seen(client: Client) -> Seen:
        tables = [each for each in client.items(f"{client.api}/tables") if each["name"].startswith(prefix)]
        there = {int(each["name"][len(prefix) :]): each for each in tables}
        return {number: each["version"] if each["rows"] == ROWS else HALF for number, each in there.items()}

    return seen


def by_number(sql: str) -> Callable[[Client], Seen]:
    """How often an operation's rows are there, by a statement that gives number, count of rows and of other rows."""

    def seen(client: Client) -> Seen:
        return {number: count // ROWS if count % ROWS == 0 else HALF for number, count in client.rows(sql)}

    return seen


# what is beside the data


def save_query(client: Client, number: int) -> Told:
    body = {"name": f"saved {number}", "sql": f"SELECT {number} AS number"}
    return answered(client.insist("POST", f"{client.api}/saved-queries", json=body), 201)


def saved_queries(client: Client) -> Seen:
    return {int(each["name"].split()[1]): each["version"] for each in client.items(f"{client.api}/saved-queries")}


def save_notebook(client: Client, number: int) -> Told:
    return answered(client.send("PUT", f"{client.contents}/{number}.ipynb", json=notebook(number)), 200, 201)


def notebook(number: int) -> dict[str, Any]:
    """A notebook as JupyterLab saves it."""
    text = content(number).hex()
    cell = {"cell_type": "code", "id": "c", "source": text, "metadata": {}, "outputs": [], "execution_count": None}
    whole = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return {"type": "notebook", "format": "json", "content": whole}


def notebooks(client: Client) -> Seen:
    listed = client.read(client.contents).raise_for_status().json()["content"]
    names = [each["name"] for each in listed if each["name"].endswith(".ipynb")]
    there = {}
    for number in (int(name.removesuffix(".ipynb")) for name in names if name[0].isdigit()):
        held = client.read(f"{client.contents}/{number}.ipynb").json()["content"]
        there[number] = 1 if held and held["cells"][0]["source"] == content(number).hex() else HALF
    return there
