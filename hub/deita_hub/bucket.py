"""The workspaces' keys in a bucket: measured, removed for good, and cleared of uploads that nobody finished.

A deleted workspace's keys stay where they are until it is purged: nobody gets credentials for it meanwhile, and moving
keys in S3 means copying every byte.
"""

from __future__ import annotations

import functools
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from deita_hub.object_storage import ObjectStorage

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_MEASURED = 200_000
UNFINISHED, ABANDONED = timedelta(days=1), timedelta(days=30)
"""From when on an upload in parts is told of, and when it is removed here: a large one may go on for weeks, of those
that nobody goes on with most are removed earlier, by the workspace's own upkeep.
"""


class BucketError(Exception):
    """The object store did not do what it was asked; the message holds no secret."""


@functools.lru_cache(maxsize=4)
def bucket_of(objects: ObjectStorage) -> Bucket:
    """The bucket of an installation, made once: a client costs a quarter of a second."""
    return Bucket(objects)


class Bucket:
    """All workspaces' keys, reached with the root key. Methods block and raise BucketError."""

    def __init__(self, objects: ObjectStorage) -> None:
        self._objects = objects
        self._client: Any = None
        self._opening = threading.Lock()

    def check(self) -> None:
        """Ask whether the bucket is there and the key may look into it."""
        next(iter(self._pages("list_objects_v2", "check")))

    def size(self, workspace_id: str) -> int:
        """Bytes below the workspace's prefix; of more than `MOST_MEASURED` keys the first ones."""
        total = seen = 0
        for page in self._pages("list_objects_v2", workspace_id):
            found = page.get("Contents", ())
            total, seen = total + sum(each["Size"] for each in found), seen + len(found)
            if seen >= MOST_MEASURED:
                break
        return total

    def purge(self, workspace_id: str) -> None:
        """Remove every key of the workspace, and what of it is on its way."""
        self.sweep(workspace_id, timedelta(0))
        for page in self._pages("list_objects_v2", workspace_id):
            keys = [{"Key": each["Key"]} for each in page.get("Contents", ())]
            if keys:
                answer = self._ask("delete_objects", Delete={"Objects": keys, "Quiet": True})
                if answer.get("Errors"):
                    raise BucketError("The object store kept some of the keys that were to go.")

    def sweep(self, workspace_id: str, older_than: timedelta = ABANDONED) -> int:
        """Abort uploads in parts that nobody finished; returns how many."""
        aborted = 0
        for upload in self._unfinished(older_than, workspace_id):
            self._ask("abort_multipart_upload", Key=upload["Key"], UploadId=upload["UploadId"])
            aborted += 1
        return aborted

    def unfinished(self, older_than: timedelta = UNFINISHED) -> int:
        """Count the uploads in parts, of all workspaces, that began so long ago."""
        return sum(1 for _ in self._unfinished(older_than))

    def _unfinished(self, older_than: timedelta, *workspace_id: str) -> Iterator[dict[str, Any]]:
        limit = datetime.now(UTC) - older_than
        for page in self._pages("list_multipart_uploads", *workspace_id):
            yield from (upload for upload in page.get("Uploads", ()) if upload["Initiated"] <= limit)

    def _pages(self, operation: str, *workspace_id: str) -> Iterator[dict[str, Any]]:
        from botocore.exceptions import BotoCoreError, ClientError

        prefix = self._objects.key(*workspace_id)
        try:
            pages = self._opened().get_paginator(operation)
            yield from pages.paginate(Bucket=self._objects.bucket, Prefix=f"{prefix}/" if prefix else "")
        except (BotoCoreError, ClientError) as error:
            raise BucketError("The object store does not answer.") from error

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._opened(), operation)(Bucket=self._objects.bucket, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise BucketError("The object store does not answer.") from error
        return answer

    def _opened(self) -> Any:
        with self._opening:
            if self._client is None:
                self._client = self._objects.client()
            return self._client
