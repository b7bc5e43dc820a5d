"""Keys below one prefix of a bucket: put, fetched, copied, listed and removed, with retries and a circuit breaker.

botocore and no more: s3fs is asynchronous inside and takes whole files through memory, boto3 would add a second way to
do the same. A store that does not answer is found out by a short question before a long one is begun. Methods block,
may be called by several threads, and raise EngineError storage_unavailable, FileNotFoundError, and OSError of the local
disk. Neither duckdb nor pyarrow is imported: the server uses this, too.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .bucket_client import PATIENT, QUICK, BucketClient, Keys
from .file_part import FilePart
from .shapes import EngineError

PART_BYTES = 16 * 2**20
MOST_PARTS = 9000
COPIED_BYTES = 256 * 2**20
"""What the store is asked to copy in one request: it answers when it is done."""
AT_ONCE = 3
LISTED_AT_ONCE = 1000


@dataclass(frozen=True)
class Found:
    """A key as a listing has it, without the prefix."""

    key: str
    size: int
    modified: datetime
    etag: str


@dataclass(frozen=True)
class Unfinished:
    """An upload in parts that has begun."""

    key: str
    id: str
    begun: datetime


class Objects:
    """What lies below `url` (`s3://bucket/prefix`); `keys` gives the newest keys whenever they are needed."""

    def __init__(self, url: str, keys: Callable[[], Keys]) -> None:
        parts = urlsplit(url)
        self._bucket, self._prefix = parts.netloc, parts.path.strip("/")
        self._client = BucketClient(parts.netloc, keys)

    def warm(self) -> None:
        """Get ready; asks the store nothing."""
        self._client.warm()

    def put_file(self, file: Path, key: str, sha256: str | None = None) -> None:
        """Upload a local file unless the key is there already; in parts when it is large.

        With `sha256` (hexadecimal, of the whole file) a small one is checked by the store itself; every part of a large
        one carries a checksum that botocore makes.
        """
        if self.size(key) is not None:
            return
        size = file.stat().st_size
        if size > PART_BYTES:
            self._put_parts(file, key, size)
            return
        digest = base64.b64encode(bytes.fromhex(sha256)).decode() if sha256 else None
        checked = {"ChecksumSHA256": digest} if digest else {}
        with file.open("rb") as source, _there_already_is_fine():
            body = FilePart(source.fileno(), 0, size)
            self._ask("put_object", PATIENT, Key=key, Body=body, IfNoneMatch="*", **checked)

    def put(self, key: str, content: bytes, **conditions: str) -> str:
        """Write a small object; returns its ETag. Raises FileExistsError when a condition (`IfMatch`, `IfNoneMatch`)
        does not hold.
        """
        answer = self._ask("put_object", PATIENT, Key=key, Body=content, **conditions)
        return str(answer["ETag"])

    def get(self, key: str, begin: int = 0, end: int | None = None) -> bytes:
        """The bytes of a key from `begin` up to `end`."""
        return self.read(key, begin, end)[0]

    def read(self, key: str, begin: int = 0, end: int | None = None) -> tuple[bytes, Found]:
        """The same, with what is known of the key."""
        part = {} if begin == 0 and end is None else {"Range": f"bytes={begin}-{'' if end is None else end - 1}"}
        if end is not None and begin >= end:
            part = {}
        answer = self._ask("get_object", QUICK, Key=key, **part)
        with self._client.answering():
            content = bytes(answer["Body"].read())
        return content, Found(key, answer["ContentLength"], answer["LastModified"], answer["ETag"])

    def size(self, key: str) -> int | None:
        """How many bytes a key has; None when there is none."""
        found = self.head(key)
        return None if found is None else found.size

    def head(self, key: str) -> Found | None:
        """What is known of a key; None when there is none."""
        try:
            answer = self._ask("head_object", QUICK, Key=key)
        except FileNotFoundError:
            return None
        return Found(key, int(answer["ContentLength"]), answer["LastModified"], answer["ETag"])

    def fetch(self, key: str, target: Path) -> None:
        """Write a key's bytes into a new local file, durable."""
        size = self.size(key)
        if size is None:
            raise FileNotFoundError(key)
        descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        try:

            def part(begin: int) -> None:
                content = self.get(key, begin, min(begin + PART_BYTES, size))
                os.pwrite(descriptor, content, begin)

            with ThreadPoolExecutor(AT_ONCE) as threads:
                for _ in threads.map(part, range(0, size, PART_BYTES)):
                    pass  # the first failure is raised here
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def copy(self, old: str, new: str) -> None:
        """Copy a key within the bucket; the store does it by itself."""
        size = self.size(old)
        if size is None:
            raise FileNotFoundError(old)
        source = {"Bucket": self._bucket, "Key": self._key(old)}
        if size <= COPIED_BYTES:
            self._ask("copy_object", PATIENT, Key=new, CopySource=source)
            return

        def part(upload: str, number: int, begin: int, end: int) -> str:
            arguments = {"CopySource": source, "CopySourceRange": f"bytes={begin}-{end - 1}"}
            answer = self._ask("upload_part_copy", PATIENT, Key=new, UploadId=upload, PartNumber=number, **arguments)
            return str(answer["CopyPartResult"]["ETag"])

        self._in_parts(new, size, max(COPIED_BYTES, size // MOST_PARTS + 1), part)

    def delete(self, key: str) -> None:
        """Remove a key; one that is not there is no error."""
        self._ask("delete_object", QUICK, Key=key)

    def below(self, folder: str) -> Iterator[Found]:
        """Every key below a folder (which ends with a slash, or is empty)."""
        for keys, _ in self.pages(folder):
            yield from keys

    def pages(
        self, folder: str, delimiter: str = "", at_once: int = LISTED_AT_ONCE
    ) -> Iterator[tuple[list[Found], list[str]]]:
        """The same in pages of so many; with a delimiter only what is directly in the folder, and its folders."""
        token: dict[str, str] = {}
        while True:
            answer = self._ask(
                "list_objects_v2", QUICK, Prefix=self._key(folder), Delimiter=delimiter, MaxKeys=at_once, **token
            )
            cut = len(self._key(""))
            found = [
                Found(each["Key"][cut:], each["Size"], each["LastModified"], each["ETag"])
                for each in answer.get("Contents", ())
            ]
            folders = [each["Prefix"][cut:] for each in answer.get("CommonPrefixes", ())]
            yield found, folders
            if not answer.get("IsTruncated"):
                return
            token = {"ContinuationToken": answer["NextContinuationToken"]}

    def _put_parts(self, file: Path, key: str, size: int) -> None:
        with file.open("rb") as source:

            def part(upload: str, number: int, begin: int, end: int) -> str:
                return self.put_part(key, upload, number, FilePart(source.fileno(), begin, end))

            self._in_parts(key, size, max(PART_BYTES, size // MOST_PARTS + 1), part)

    def begin(self, key: str) -> str:
        """Begin to make a key of parts; returns the upload's id."""
        return str(self._ask("create_multipart_upload", PATIENT, Key=key)["UploadId"])

    def put_part(self, key: str, upload: str, number: int, body: FilePart) -> str:
        """Upload a part, counted from 1, with a checksum that the store compares; returns its ETag."""
        answer = self._ask("upload_part", PATIENT, Key=key, UploadId=upload, PartNumber=number, Body=body)
        return str(answer["ETag"])

    def complete(self, key: str, upload: str, tags: list[str]) -> None:
        """Make one key of the parts with these ETags, unless there is such a key already."""
        parts = {"Parts": [{"ETag": tag, "PartNumber": number} for number, tag in enumerate(tags, 1)]}
        request = {"Key": key, "UploadId": upload, "MultipartUpload": parts, "IfNoneMatch": "*"}
        try:
            self._ask("complete_multipart_upload", PATIENT, **request)
        except FileExistsError:
            self.abort(key, upload)

    def abort(self, key: str, upload: str) -> None:
        """Forget the parts of a key, unless they are forgotten already. The store may keep one that is on its way."""
        with contextlib.suppress(FileNotFoundError):
            self._ask("abort_multipart_upload", QUICK, Key=key, UploadId=upload)

    def unfinished(self, folder: str) -> Iterator[Unfinished]:
        """The uploads in parts below a folder that were neither completed nor aborted."""
        marker: dict[str, str] = {}
        while True:
            answer = self._ask("list_multipart_uploads", QUICK, Prefix=self._key(folder), **marker)
            for each in answer.get("Uploads", ()):
                yield Unfinished(each["Key"][len(self._key("")) :], each["UploadId"], each["Initiated"])
            if not answer.get("IsTruncated"):
                return
            after = ("KeyMarker", "UploadIdMarker")  # SeaweedFS says the second only
            marker = {name: answer[f"Next{name}"] for name in after if f"Next{name}" in answer}

    def _in_parts(self, key: str, size: int, step: int, part: Callable[[str, int, int, int], str]) -> None:
        """Make a key of parts, or leave nothing: `part(upload, number, begin, end)` returns each one's ETag."""
        upload = self.begin(key)
        try:
            begins = range(0, size, step)
            with ThreadPoolExecutor(AT_ONCE) as threads:
                tags = list(
                    threads.map(
                        lambda number: part(upload, number + 1, begins[number], min(begins[number] + step, size)),
                        range(len(begins)),
                    )
                )
            self.complete(key, upload, tags)
        except BaseException:  # whatever ended it, what it left goes first
            with contextlib.suppress(EngineError):  # what stays is swept by upkeep
                self.abort(key, upload)
            raise

    def _ask(self, operation: str, patience: dict[str, int], **arguments: Any) -> dict[str, Any]:
        if "Key" in arguments:
            arguments["Key"] = self._key(arguments["Key"])
        return self._client.ask(operation, patience, **arguments)

    def _key(self, key: str) -> str:
        return f"{self._prefix}/{key}" if self._prefix else key


@contextmanager
def _there_already_is_fine() -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        return
