"""Where workspaces lie when they lie in an S3 bucket, and the key that reaches all of them: the hub side's alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 4, 2
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,500}")


@dataclass(frozen=True)
class ObjectStorage:
    """A bucket, a prefix in it, and how they are reached. Without keys, botocore looks where it always does.

    `role` is what AssumeRole is asked for: a role that reaches the prefix, of which a session gets one workspace.
    """

    bucket: str
    prefix: str
    role: str
    region: str = "us-east-1"
    endpoint: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """`s3://bucket/prefix`, without a slash at the end."""
        return f"s3://{self.bucket}/{self.prefix}".rstrip("/")

    def key(self, *parts: str) -> str:
        """A key below the prefix."""
        return "/".join(part for part in (self.prefix, *parts) if part)

    def client(self, service: str = "s3") -> BaseClient:
        """A client with the root key: `s3` or `sts`. Its methods block."""
        import botocore.session
        from botocore.config import Config

        options: dict[str, Any] = {"s3": {"addressing_style": "path"}} if self.endpoint else {}
        return botocore.session.get_session().create_client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            config=Config(
                signature_version="s3v4" if service == "s3" else None,
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                **options,
            ),
        )


def object_storage(url: str, source: Mapping[str, str], secrets: Mapping[str, str | None]) -> ObjectStorage:
    """Read the settings that belong to `s3://bucket/prefix`; raises ValueError naming the one that cannot be used."""
    parts = urlsplit(url)
    prefix = parts.path.strip("/")
    if not BUCKET.fullmatch(parts.netloc):
        raise ValueError("DEITA_STORAGE must be s3://bucket/prefix with a bucket's name.")
    if prefix and (not PREFIX.fullmatch(prefix) or "//" in prefix or ".." in prefix):
        raise ValueError("DEITA_STORAGE: a prefix has letters, digits, dots, hyphens and underscores between slashes.")
    endpoint = (source.get("DEITA_S3_ENDPOINT") or "").rstrip("/") or None
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError("DEITA_S3_ENDPOINT must begin with http:// or https://.")
    if bool(secrets["AWS_ACCESS_KEY_ID"]) != bool(secrets["AWS_SECRET_ACCESS_KEY"]):
        raise ValueError("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY go together.")
    if not source.get("DEITA_S3_ROLE"):
        raise ValueError("DEITA_S3_ROLE must name the role whose sessions workspace servers get.")
    return ObjectStorage(
        bucket=parts.netloc,
        prefix=prefix,
        role=source["DEITA_S3_ROLE"],
        region=source.get("AWS_REGION") or source.get("AWS_DEFAULT_REGION") or "us-east-1",
        endpoint=endpoint,
        access_key_id=secrets["AWS_ACCESS_KEY_ID"],
        secret_access_key=secrets["AWS_SECRET_ACCESS_KEY"],
    )
