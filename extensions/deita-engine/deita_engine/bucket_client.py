"""The way to a bucket: botocore's client with the newest keys, bounded in time, behind a circuit breaker.

Nothing of the machine's own AWS configuration is read, and no proxy of its environment is used.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .breaker import Breaker
from .shapes import EngineError

QUICK = {"connect_timeout": 2, "read_timeout": 3, "attempts": 2}
PATIENT = {"connect_timeout": 2, "read_timeout": 60, "attempts": 4}
CONNECTIONS = 8
MISSING = ("404", "NoSuchKey", "NoSuchUpload", "NotFound")
THERE_ALREADY = ("412", "PreconditionFailed")


@dataclass(frozen=True)
class Keys:
    """What reaches the bucket for a while; without `endpoint` it is AWS's own."""

    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    endpoint: str | None = None

    @classmethod
    def of(cls, storage: dict[str, Any]) -> Keys:
        """The keys in what the broker issued."""
        return cls(
            region=storage["region"],
            access_key_id=storage["access_key_id"],
            secret_access_key=storage["secret_access_key"],
            session_token=storage["session_token"],
            endpoint=storage["endpoint"],
        )

    @property
    def port(self) -> int:
        """The TCP port that is connected to."""
        parts = urlsplit(self.endpoint or "https://")
        return parts.port or (80 if parts.scheme == "http" else 443)


class BucketClient:
    """One bucket; `keys` gives the newest keys whenever they are needed. Methods block; threads may share it."""

    def __init__(self, bucket: str, keys: Callable[[], Keys]) -> None:
        self._bucket, self._keys = bucket, keys
        self._clients: dict[str, Any] = {}
        self._opened_with: Keys | None = None
        self._opening = threading.Lock()
        self._breaker = Breaker()

    def warm(self) -> None:
        """Make the clients, which takes a second on a busy machine, before somebody waits for their answer."""
        for patience in (QUICK, PATIENT):
            self._client(patience)

    def ask(self, operation: str, patience: dict[str, int], **arguments: Any) -> dict[str, Any]:
        """Do one operation of S3. Raises FileNotFoundError for a key that is missing, FileExistsError for a condition
        that does not hold, EngineError storage_unavailable for everything else.
        """
        with self.answering():
            client = self._client(patience)
            answer: dict[str, Any] = getattr(client, operation)(Bucket=self._bucket, **arguments)
        return answer

    @contextmanager
    def answering(self) -> Iterator[None]:
        """What is done here is a conversation with the store: a body that breaks off counts, too."""
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        self._breaker.check()
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code"))
            status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
            if code in MISSING:
                self._breaker.worked()
                raise FileNotFoundError(code) from None
            if code in THERE_ALREADY:
                self._breaker.worked()
                raise FileExistsError(code) from None
            if status >= 500:
                self._breaker.failed()
            raise unavailable() from error
        except (BotoCoreError, HTTPClientError) as error:
            self._breaker.failed()
            raise unavailable() from error
        self._breaker.worked()

    def _client(self, patience: dict[str, int]) -> Any:
        keys, name = self._keys(), str(patience["read_timeout"])
        with self._opening:
            if keys != self._opened_with:
                self._clients, self._opened_with = {}, keys
            if name not in self._clients:
                self._clients[name] = _client(keys, patience)
            return self._clients[name]


def _client(keys: Keys, patience: dict[str, int]) -> Any:
    import botocore.session
    from botocore.config import Config
    from botocore.handlers import add_expect_header

    session = botocore.session.Session()
    for setting in ("config_file", "credentials_file"):
        session.set_config_variable(setting, os.devnull)  # nothing of the machine's own AWS settings
    client = session.create_client(
        "s3",
        endpoint_url=keys.endpoint,
        region_name=keys.region,
        aws_access_key_id=keys.access_key_id,
        aws_secret_access_key=keys.secret_access_key,
        aws_session_token=keys.session_token,
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path" if keys.endpoint else "auto"},
            connect_timeout=patience["connect_timeout"],
            read_timeout=patience["read_timeout"],
            retries={"mode": "standard", "total_max_attempts": patience["attempts"]},
            max_pool_connections=CONNECTIONS,
            proxies={},
        ),
    )
    # Where a connection ends in the middle of "100 Continue", botocore reads its end for ever.
    client.meta.events.unregister("before-call.s3", add_expect_header)
    return client


def unavailable() -> EngineError:
    """The error for a store that does not answer, or not with what was asked for."""
    message = "The workspace's storage cannot be reached right now."
    return EngineError("storage_unavailable", message, "Try again in a few seconds.")
