"""Storage in a bucket: AssumeRole with a session policy that leaves one workspace's keys of all that the role reaches.

https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; the prefix ends with a slash everywhere, so
that the workspace `ab` is no way into `abc`.
"""

from __future__ import annotations

import json
import re
import threading
from typing import TYPE_CHECKING, Any

from deita_hub.broker.storage import Access, IssueFailedError, StorageCredentials
from deita_hub.object_storage import ObjectStorage

if TYPE_CHECKING:
    from botocore.client import BaseClient

SECONDS = 3600
READING = ["s3:GetObject"]
WRITING = [*READING, "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
LISTING = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]


class SessionStorage:
    """Sessions of one role."""

    def __init__(self, objects: ObjectStorage) -> None:
        self.objects = objects
        self._client: BaseClient | None = None
        self._opening = threading.Lock()

    def issue(self, workspace_id: str, person: str, access: Access, part: str = "") -> StorageCredentials:
        """A session for one workspace or a part of it; `person` is in its name, for the storage's own log."""
        from botocore.exceptions import BotoCoreError, ClientError

        objects = self.objects
        try:
            answer: dict[str, Any] = self._sts().assume_role(
                RoleArn=objects.role,
                RoleSessionName=re.sub(r"[^\w+=,.@-]", "-", f"deita-{person}", flags=re.ASCII)[:64],
                Policy=json.dumps(policy(objects.bucket, objects.key(workspace_id, part), access)),
                DurationSeconds=SECONDS,
            )
        except (BotoCoreError, ClientError) as error:
            raise IssueFailedError("The object store gives no credentials.") from error
        keys = answer["Credentials"]
        return StorageCredentials(
            kind="sts",
            url=f"{objects.url}/{workspace_id}",
            access=access,
            endpoint=objects.endpoint,
            region=objects.region,
            access_key_id=keys["AccessKeyId"],
            secret_access_key=keys["SecretAccessKey"],
            session_token=keys["SessionToken"],
            expires_at=keys["Expiration"],
        )

    def _sts(self) -> BaseClient:
        with self._opening:
            self._client = self._client or self.objects.client("sts")
            return self._client


def policy(bucket: str, prefix: str, access: Access) -> dict[str, Any]:
    """The session policy for the keys below one prefix."""
    place = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": WRITING if access == "write" else READING,
                "Resource": [f"{place}/{prefix}/*"],
            },
            {
                "Effect": "Allow",
                "Action": LISTING,
                "Resource": [place],
                "Condition": {"StringLike": {"s3:prefix": [f"{prefix}/*"]}},
            },
        ],
    }
