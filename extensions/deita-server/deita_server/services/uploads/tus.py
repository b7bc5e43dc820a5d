"""What the headers of tus 1.0.0 say (https://tus.io/protocols/resumable-upload)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deita_server.errors import DeitaError

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-defer-length,creation-with-upload,checksum,termination,expiration"
ALGORITHMS = ("sha1", "md5", "sha256")
CONTENT_TYPE = "application/offset+octet-stream"
MOST_METADATA = 4096
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Wish:
    """What a client wants to upload: `length` bytes (None when it does not know yet) under a name, with the hash that
    they should have.
    """

    name: str
    length: int | None
    sha256: str | None
    replace: bool
    described: str


@dataclass
class Checksum:
    """The hash that the bytes of one request should have, and the one that they have so far."""

    expected: bytes
    actual: _Hash

    def check(self) -> None:
        """Raise checksum_mismatch when the bytes are not those that were sent."""
        if self.actual.digest() != self.expected:
            raise DeitaError(
                "checksum_mismatch",
                "The bytes changed on their way; none of this request were kept.",
                hint="Send them again.",
            )


def check_version(headers: Mapping[str, str]) -> None:
    """Raise tus_version unless the client speaks this version."""
    if headers.get("Tus-Resumable") != VERSION:
        raise DeitaError(
            "tus_version", f"Resumable uploads speak tus {VERSION}.", hint=f"Send Tus-Resumable: {VERSION}."
        )


def check_content_type(headers: Mapping[str, str]) -> None:
    """Raise unsupported_media_type unless the body is declared as bytes of an upload."""
    if headers.get("Content-Type", "").split(";")[0].strip().lower() != CONTENT_TYPE:
        raise DeitaError("unsupported_media_type", f"The bytes of an upload are sent as {CONTENT_TYPE}.")


def number(headers: Mapping[str, str], name: str) -> int:
    """Return a header that is a count of bytes; raises bad_request."""
    text = headers.get(name, "")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise DeitaError("bad_request", f"{name} must be a number of bytes.")
    return int(text)


def wish(headers: Mapping[str, str]) -> Wish:
    """Return what a creation asks for; raises bad_request."""
    described = headers.get("Upload-Metadata", "")
    given = metadata(described)
    name = given.get("filename") or given.get("name")
    if not name:
        raise DeitaError("bad_request", "Upload-Metadata must have a filename.")
    sha256 = given.get("sha256", "").lower() or None
    if sha256 and not SHA256.fullmatch(sha256):
        raise DeitaError("bad_request", "sha256 in Upload-Metadata must be 64 hexadecimal digits.")
    return Wish(name, _length(headers), sha256, given.get("replace") in ("1", "true"), described)


def _length(headers: Mapping[str, str]) -> int | None:
    deferred = headers.get("Upload-Defer-Length")
    if deferred is None:
        return number(headers, "Upload-Length")
    if deferred != "1" or "Upload-Length" in headers:
        raise DeitaError("bad_request", "Upload-Defer-Length can be 1, where there is no Upload-Length.")
    return None


def later_length(headers: Mapping[str, str]) -> int | None:
    """Return the length that a client says with its bytes; raises bad_request."""
    return number(headers, "Upload-Length") if "Upload-Length" in headers else None


def metadata(header: str) -> dict[str, str]:
    """Return the pairs of an `Upload-Metadata` header; raises bad_request."""
    if len(header) > MOST_METADATA:
        raise DeitaError("bad_request", f"Upload-Metadata is longer than {MOST_METADATA} characters.")
    pairs: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            pairs[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise DeitaError("bad_request", "A value in Upload-Metadata is not text in Base64.") from error
    return pairs


def checksum(headers: Mapping[str, str]) -> Checksum | None:
    """Return what an `Upload-Checksum` header promises; raises bad_request."""
    header = headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, value = header.partition(" ")
    try:
        expected = base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise DeitaError("bad_request", "The value of Upload-Checksum is not Base64.") from error
    if algorithm not in ALGORITHMS:
        raise DeitaError("bad_request", f"Upload-Checksum can be {', '.join(ALGORITHMS)}.")
    return Checksum(expected, hashlib.new(algorithm, usedforsecurity=False))
