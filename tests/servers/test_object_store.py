"""The tests' object store itself: it enforces what it is told, and keeps what it took."""

import pytest
from botocore.exceptions import ClientError

from tests.servers.object_store import BUCKET, ObjectStore, running_object_store


def test_a_stranger_reaches_nothing(object_store: ObjectStore) -> None:
    stranger = object_store.client({"access_key_id": "nobody", "secret_access_key": "nothing"})
    with pytest.raises(ClientError, match="InvalidAccessKeyId"):
        stranger.list_objects_v2(Bucket=BUCKET)


def test_what_was_taken_survives_a_power_cut() -> None:
    with running_object_store() as store:
        store.client().put_object(Bucket=BUCKET, Key="kept", Body=b"1")
        store.stop()
        store.start()
        assert store.client().get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"1"
