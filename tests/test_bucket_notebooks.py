"""JupyterLab's contents where they lie in a bucket, as its file browser asks for them."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from bench.running import Deita
from tests.servers.object_store import BUCKET, ObjectStore

MANY = 1200
CELL = {"cell_type": "code", "source": "1 + 1", "metadata": {}, "outputs": [], "execution_count": None, "id": "a"}
NOTEBOOK = {"cells": [CELL], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


class Lab:
    """A workspace's server, asked as JupyterLab asks."""

    def __init__(self, client: httpx.Client, api: str) -> None:
        self.client, self.base = client, api.removesuffix("deita/api/v1")

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        return self.client.request(method, f"{self.base}api/contents/{path}", json=body, params=params)

    def names(self, path: str = "") -> list[str]:
        found = self.ask("GET", path)
        assert found.status_code == 200, found.text
        return [entry["name"] for entry in found.json()["content"]]

    def write(self, path: str, text: str) -> httpx.Response:
        return self.ask("PUT", path, {"type": "file", "format": "text", "content": text})

    def text(self, path: str) -> str:
        return str(self.ask("GET", path).json()["content"])


@pytest.fixture(scope="module")
def client(in_bucket: Deita) -> Iterator[httpx.Client]:
    with in_bucket.client() as http:
        yield http


@pytest.fixture(scope="module")
def lab(in_bucket: Deita, client: httpx.Client) -> Lab:
    client.post(f"{in_bucket.control}/workspaces", json={"name": "Lab", "slug": "lab"}).raise_for_status()
    return Lab(client, in_bucket.open(client, "lab"))


@pytest.fixture(scope="module")
def place(in_bucket: Deita, client: httpx.Client, lab: Lab) -> str:
    """The workspace's storage URL."""
    workspace = client.get(f"{in_bucket.control}/workspaces/lab").json()
    return f"{in_bucket.environment['DEITA_STORAGE']}/{workspace['id']}"


def test_a_notebook_is_made_saved_and_opened_again(lab: Lab, place: str, failing_store: ObjectStore) -> None:
    made = lab.ask("POST", "", {"type": "notebook"})
    assert (made.status_code, made.json()["path"]) == (201, "Untitled.ipynb")
    saved = lab.ask("PUT", "Untitled.ipynb", {"type": "notebook", "content": NOTEBOOK})
    assert saved.status_code == 200, saved.text
    opened = lab.ask("GET", "Untitled.ipynb").json()
    assert opened["content"]["cells"][0]["source"] == "1 + 1"
    assert {"files", "Untitled.ipynb"} <= set(lab.names())
    assert "notebooks/Untitled.ipynb" in failing_store.keys(place)


def test_names_keep_their_letters_and_spaces(lab: Lab) -> None:
    assert lab.ask("PUT", "Größen & Maße", {"type": "directory"}).status_code == 201
    assert lab.write("Größen & Maße/näher dran %231 50%25.txt", "ü").status_code == 201
    assert lab.names("Größen & Maße") == ["näher dran #1 50%.txt"]
    for bad in ("a%5Cb.txt", "..%2F..%2Fx.txt", "x" * 1200):
        assert lab.write(bad, "x").status_code in (400, 404), bad


def test_a_folder_moves_with_everything_in_it(lab: Lab) -> None:
    for folder in ("old", "old/deep er"):
        assert lab.ask("PUT", folder, {"type": "directory"}).status_code == 201
    lab.write("old/a.txt", "a")
    lab.write("old/deep er/b.txt", "b")
    assert lab.ask("PATCH", "old", {"path": "new one"}).status_code == 200
    assert "old" not in lab.names()
    assert lab.names("new one") == ["a.txt", "deep er"]
    assert lab.text("new one/deep er/b.txt") == "b"
    assert lab.ask("GET", "old").status_code == 404
    assert lab.ask("PATCH", "new one/a.txt", {"path": "new one/deep er/b.txt"}).status_code == 409
    assert lab.ask("DELETE", "new one").status_code == 400
    for path in ("new one/a.txt", "new one/deep er/b.txt", "new one/deep er", "new one"):
        assert lab.ask("DELETE", path).status_code == 204, path
    assert "new one" not in lab.names()


def test_a_checkpoint_brings_the_file_back(lab: Lab) -> None:
    lab.write("kept.txt", "before")
    made = lab.ask("POST", "kept.txt/checkpoints")
    assert made.status_code == 201, made.text
    lab.write("kept.txt", "after")
    assert lab.text("kept.txt") == "after"
    assert [each["id"] for each in lab.ask("GET", "kept.txt/checkpoints").json()] == [made.json()["id"]]
    assert lab.ask("POST", f"kept.txt/checkpoints/{made.json()['id']}").status_code == 204
    assert lab.text("kept.txt") == "before"


def test_what_somebody_else_changed_is_not_overwritten(lab: Lab, place: str, failing_store: ObjectStore) -> None:
    lab.write("shared.txt", "mine")
    prefix = place.removeprefix(f"s3://{BUCKET}/")
    failing_store.client().put_object(Bucket=BUCKET, Key=f"{prefix}/notebooks/shared.txt", Body=b"theirs")
    refused = lab.write("shared.txt", "mine again")
    assert refused.status_code == 409
    assert lab.text("shared.txt") == "theirs"
    assert lab.write("shared.txt", "both").status_code == 200


def test_a_large_upload_comes_in_pieces(lab: Lab, client: httpx.Client) -> None:
    content = bytes(range(256)) * 8192
    half = len(content) // 2
    for number, piece in ((1, content[:half]), (-1, content[half:])):
        body = {"type": "file", "format": "base64", "chunk": number, "content": base64.b64encode(piece).decode()}
        assert lab.ask("PUT", "large.bin", body).status_code in (200, 201)
    assert client.get(f"{lab.base}files/large.bin").content == content


def test_thousands_are_listed_and_a_neighbour_is_not(
    lab: Lab, in_bucket: Deita, client: httpx.Client, place: str, failing_store: ObjectStore
) -> None:
    root, prefix = failing_store.client(), place.removeprefix(f"s3://{BUCKET}/")

    def put(number: int) -> None:
        root.put_object(Bucket=BUCKET, Key=f"{prefix}/notebooks/many/{number:05}.txt", Body=b"1")

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, range(MANY)))
    root.put_object(Bucket=BUCKET, Key=f"{prefix}-secret/notebooks/secret.txt", Body=b"1")
    root.put_object(Bucket=BUCKET, Key=f"{prefix}/notebooks/many-more/x.txt", Body=b"1")
    assert len(lab.names("many")) == MANY
    assert "secret.txt" not in lab.names()
    assert lab.ask("GET", "../lab-secret").status_code in (400, 404)


def test_kernels_and_the_workspaces_files_are_beside_it(lab: Lab, client: httpx.Client) -> None:
    assert client.put(f"{lab.base}deita/api/v1/files/data.csv", content=b"a\n1\n").status_code == 201
    assert lab.names("files") == ["data.csv"]
    assert lab.ask("POST", "", {"copy_from": "files/data.csv"}).status_code == 201
    body = {"path": "Untitled.ipynb", "name": "", "type": "notebook", "kernel": {"name": "python3"}}
    session = client.post(f"{lab.base}api/sessions", json=body)
    assert session.status_code == 201, session.text
    assert client.delete(f"{lab.base}api/sessions/{session.json()['id']}").status_code == 204
