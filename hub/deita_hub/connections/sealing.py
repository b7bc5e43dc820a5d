"""Passwords of connections, as the catalog keeps them: encrypted and signed (Fernet) with a key among Deita's secrets.

What is sealed names its connection, so that nobody who can write into the database can give one connection another's
password.
"""

from __future__ import annotations

import base64
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from deita_hub.secret_files import Secrets


class SealBrokenError(Exception):
    """This password cannot be opened with the key that there is."""


class Sealing:
    """Seals with the first key, opens with any."""

    def __init__(self, *keys: str) -> None:
        self._keys = MultiFernet([Fernet(base64.urlsafe_b64encode(bytes.fromhex(key))) for key in keys])

    def seal(self, password: str, connection_id: str) -> str:
        """The password, sealed for this connection."""
        value = json.dumps({"connection": connection_id, "password": password})
        return self._keys.encrypt(value.encode()).decode()

    def open(self, sealed: str, connection_id: str) -> str:
        """The password. Raises `SealBrokenError`."""
        try:
            found = json.loads(self._keys.decrypt(sealed.encode()))
        except InvalidToken as error:
            raise SealBrokenError from error
        if found["connection"] != connection_id:
            raise SealBrokenError
        return str(found["password"])

    def again(self, sealed: str) -> str:
        """The same, sealed with the first key. Raises `SealBrokenError`."""
        try:
            return self._keys.rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise SealBrokenError from error


def sealing_of(secrets: Secrets) -> Sealing:
    """What seals with this Deita's key, and opens with the one before too while a rotation is not finished."""
    before = secrets.connections_key_before
    return Sealing(secrets.connections_key, *([before] if before else []))
