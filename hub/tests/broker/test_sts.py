"""Sessions on a real object store: one workspace's keys, reading or writing, and no way to the neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deita_hub import settings
from deita_hub.broker.storage import Access, IssueFailedError, StorageCredentials
from deita_hub.broker.sts import SessionStorage
from deita_hub.bucket import Bucket
from deita_hub.object_storage import ObjectStorage

from tests.servers.object_store import BUCKET, ObjectStore

MINE, NEIGHBOUR = "abc", "abcd"


@pytest.fixture
def objects(object_store: ObjectStore) -> ObjectStorage:
    found = settings.load(object_store.settings()).objects
    assert found is not None
    root = object_store.client()
    for workspace in (MINE, NEIGHBOUR):
        root.put_object(Bucket=BUCKET, Key=found.key(workspace, "kept"), Body=b"1")
    return found


def issued(objects: ObjectStorage, access: Access) -> StorageCredentials:
    return SessionStorage(objects).issue(MINE, "ana", access)


def client_of(object_store: ObjectStore, credentials: StorageCredentials) -> Any:
    return object_store.client(vars(credentials))


def refused(call: Callable[..., Any], **arguments: Any) -> bool:
    with pytest.raises(ClientError) as error:
        call(Bucket=BUCKET, **arguments)
    return error.value.response["Error"]["Code"] == "AccessDenied"


def test_a_session_lasts_an_hour_at_most(objects: ObjectStorage) -> None:
    credentials = issued(objects, "write")
    assert credentials.expires_at is not None
    assert credentials.expires_at <= datetime.now(UTC) + timedelta(hours=1, seconds=5)
    assert credentials.url == f"{objects.url}/{MINE}"
    assert credentials.secret_access_key is not None
    assert credentials.secret_access_key not in repr(credentials)


def test_a_writing_session_reaches_its_keys_and_no_neighbours(
    object_store: ObjectStore, objects: ObjectStorage
) -> None:
    client = client_of(object_store, issued(objects, "write"))
    mine, theirs = objects.key(MINE, "kept"), objects.key(NEIGHBOUR, "kept")
    assert client.get_object(Bucket=BUCKET, Key=mine)["Body"].read() == b"1"
    client.put_object(Bucket=BUCKET, Key=objects.key(MINE, "new"), Body=b"2")
    assert client.list_objects_v2(Bucket=BUCKET, Prefix=objects.key(MINE) + "/")["KeyCount"] == 2
    client.delete_object(Bucket=BUCKET, Key=objects.key(MINE, "new"))
    assert refused(client.get_object, Key=theirs)
    assert refused(client.put_object, Key=theirs, Body=b"3")
    assert refused(client.delete_object, Key=theirs)
    assert refused(client.copy_object, Key=objects.key(MINE, "stolen"), CopySource={"Bucket": BUCKET, "Key": theirs})
    for prefix in ("", objects.prefix, objects.key(MINE), objects.key(NEIGHBOUR) + "/"):
        assert refused(client.list_objects_v2, Prefix=prefix)


def test_a_reading_session_changes_nothing(object_store: ObjectStore, objects: ObjectStorage) -> None:
    client = client_of(object_store, issued(objects, "read"))
    key = objects.key(MINE, "kept")
    assert client.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"1"
    assert refused(client.put_object, Key=key, Body=b"2")
    assert refused(client.delete_object, Key=key)
    assert refused(client.create_multipart_upload, Key=key)


def test_an_object_store_that_is_gone_is_a_clear_error(objects: ObjectStorage) -> None:
    gone = replace(objects, endpoint="http://127.0.0.1:9")
    with pytest.raises(IssueFailedError):
        issued(gone, "write")


def test_a_workspace_is_measured_and_purged_without_its_neighbour(
    object_store: ObjectStore, objects: ObjectStorage
) -> None:
    root, bucket = object_store.client(), Bucket(objects)
    root.put_object(Bucket=BUCKET, Key=objects.key(MINE, "a folder", "größe.csv"), Body=b"12345")
    root.create_multipart_upload(Bucket=BUCKET, Key=objects.key(MINE, "half"))
    assert bucket.size(MINE) == 6
    assert (bucket.sweep(MINE), bucket.unfinished(), bucket.unfinished(timedelta(0))) == (0, 0, 1)
    bucket.purge(MINE)
    assert object_store.keys(f"{objects.url}/{MINE}") == []
    assert object_store.keys(f"{objects.url}/{NEIGHBOUR}") == ["kept"]
    uploads = root.list_multipart_uploads(Bucket=BUCKET, Prefix=objects.key(MINE))
    assert not uploads.get("Uploads")
