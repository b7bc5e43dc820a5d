"""`deita storage harden` against a real object store, and Deita's own requests in a bucket that was hardened."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from deita_engine.bucket_client import Keys
from deita_engine.objects import Objects

from bench.running import BIN
from tests.servers.object_store import ObjectStore

BUCKET = "hardened"
OTHERS = {"ID": "others", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 7}}


@pytest.fixture(scope="module")
def environment(object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Of a Deita that would keep its workspaces in a bucket of its own, in which somebody else has a rule."""
    client = object_store.client()
    client.create_bucket(Bucket=BUCKET)
    client.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [OTHERS]})
    home = tmp_path_factory.mktemp("hardening") / "home"
    return {**os.environ, **object_store.settings(f"s3://{BUCKET}/deita"), "DEITA_HOME": str(home)}


def harden(environment: dict[str, str], *words: str) -> tuple[int, dict[str, tuple[str, str]]]:
    ended = subprocess.run(
        [BIN / "deita", "storage", "harden", "--json", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    found: list[dict[str, Any]] = json.loads(ended.stdout)["items"]
    return ended.returncode, {each["name"]: (each["state"], each["reason"]) for each in found}


def test_a_bucket_is_hardened_once_and_rules_of_others_stay(
    environment: dict[str, str], object_store: ObjectStore, tmp_path: Path
) -> None:
    client = object_store.client()
    assert {state for state, _ in harden(environment, "--dry-run")[1].values()} == {"would be set"}
    assert "Status" not in client.get_bucket_versioning(Bucket=BUCKET)
    assert harden(environment) == (0, dict.fromkeys(rules(), ("set", "")))
    assert harden(environment) == (0, dict.fromkeys(rules(), ("in force", "")))
    there = client.get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]
    assert {rule["ID"] for rule in there} == {"others", *rules()[1:]}

    keys = Keys.of(object_store.issued("")["storage"])
    objects = Objects(f"s3://{BUCKET}/deita/workspace", lambda: keys)
    file = tmp_path / "file"
    file.write_bytes(b"bytes")
    key, sha256 = "files/aa/file", hashlib.sha256(b"bytes").hexdigest()
    for _ in range(2):  # uploaded again after it was deleted: its version of then is not in the way
        objects.put_file(file, key, sha256)
        assert (objects.size(key), objects.get(key)) == (5, b"bytes")
        objects.delete(key)
        assert objects.size(key) is None and not list(objects.below("files/"))
    versions = client.list_object_versions(Bucket=BUCKET, Prefix="deita/workspace/files/")["Versions"]
    assert len(versions) == 2, "both can be had back"


def rules() -> list[str]:
    return ["versioning", "deita-old-versions", "deita-unfinished-uploads"]


def test_what_the_store_refuses_is_said_with_its_own_word(environment: dict[str, str]) -> None:
    code, found = harden({**environment, "AWS_ACCESS_KEY_ID": "nobody"})
    assert (code, found) == (1, dict.fromkeys(rules(), ("refused", "InvalidAccessKeyId")))
