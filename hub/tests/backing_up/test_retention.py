"""What stays of 400 days of backups, told by the real restic.

Making 400 backups would take minutes. One is made; restic's record of it is written again for each day with that day's
time, in restic's own format, by way of a key that costs no time to derive. Everything else is restic: it reads these
records and forgets, every tenth day at first and on each of the last 30.
https://restic.readthedocs.io/en/stable/100_references.html#keys-encryption-and-mac
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.poly1305 import Poly1305
from deita_hub import settings
from deita_hub.backing_up.restic import KEEP, Restic

DAYS, DAILY = 400, 30
FIRST = datetime(2025, 10, 1, 3, tzinfo=UTC)
PASSWORD = "0123456789abcdef" * 4


class Keys:
    """What a restic repository is encrypted with: AES-256-CTR and Poly1305-AES."""

    def __init__(self, encrypt: bytes, mac_k: bytes, mac_r: bytes) -> None:
        self._encrypt, self._mac_k, self._mac_r = encrypt, mac_k, mac_r

    def sealed(self, text: bytes) -> bytes:
        nonce = os.urandom(16)
        cipher = Cipher(algorithms.AES(self._encrypt), modes.CTR(nonce)).encryptor()
        encrypted = cipher.update(text) + cipher.finalize()
        block = Cipher(algorithms.AES(self._mac_k), modes.ECB()).encryptor()
        mask = block.update(nonce) + block.finalize()
        return nonce + encrypted + Poly1305.generate_tag(self._mac_r + mask, encrypted)


@pytest.fixture
def restic(tmp_path: Path) -> Restic:
    environment = {
        "PATH": os.environ["PATH"],
        "DEITA_HOME": str(tmp_path / "home"),
        "DEITA_BACKUP_REPOSITORY": str(tmp_path / "repository"),
        "DEITA_BACKUP_PASSWORD": PASSWORD,
    }
    made = Restic(settings.load(environment))
    made.prepare()
    return made


def test_seven_daily_four_weekly_and_twelve_monthly_backups_stay_of_400_days(restic: Restic, tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "file").write_text("bytes")
    restic.backup(tmp_path / "content", FIRST, lambda share: None)
    (first,) = restic.snapshots()
    record = json.loads(restic.told("cat", "snapshot", first.id))
    keys = quick_keys(restic, tmp_path / "repository")
    for day in range(1, DAYS):
        at = FIRST + timedelta(days=day)
        body = json.dumps({**record, "time": at.isoformat()}).encode()
        add(tmp_path / "repository" / "snapshots", keys.sealed(body))
        if day % 10 == 0 or day >= DAYS - DAILY:
            restic.forget(prune=False)
    kept = [each.time.date() for each in restic.snapshots()]
    assert kept == sorted(expected((FIRST + timedelta(days=DAYS - 1)).date()))
    assert KEEP == {"daily": 7, "weekly": 4, "monthly": 12}
    restic.check()


def expected(today: date) -> set[date]:
    """The last backup of each of so many days, weeks (of ISO 8601) and months, counted by hand."""
    days = [today - timedelta(days=back) for back in range(DAYS)]
    return {
        *last_of([(each,) for each in days], days, KEEP["daily"]),
        *last_of([each.isocalendar()[:2] for each in days], days, KEEP["weekly"]),
        *last_of([(each.year, each.month) for each in days], days, KEEP["monthly"]),
    }


def last_of(periods: list[tuple[object, ...]], days: list[date], count: int) -> list[date]:
    newest: dict[tuple[object, ...], date] = {}
    for period, day in zip(periods, days, strict=True):
        newest.setdefault(period, day)
    return list(newest.values())[:count]


def quick_keys(restic: Restic, repository: Path) -> Keys:
    """The repository's own keys; and the password opens it by a key file whose derivation takes no time."""
    master = json.loads(restic.told("cat", "masterkey"))
    salt = os.urandom(64)
    derived = hashlib.scrypt(PASSWORD.encode(), salt=salt, n=2, r=8, p=1, dklen=64)
    own = Keys(derived[:32], derived[32:48], derived[48:])
    text = {
        "created": FIRST.isoformat(),
        "username": "test",
        "hostname": "test",
        "kdf": "scrypt",
        "N": 2,
        "r": 8,
        "p": 1,
        "salt": base64.b64encode(salt).decode(),
        "data": base64.b64encode(own.sealed(json.dumps(master).encode())).decode(),
    }
    for slow in (repository / "keys").iterdir():
        slow.unlink()
    add(repository / "keys", json.dumps(text).encode())
    return Keys(*(base64.b64decode(each) for each in (master["encrypt"], master["mac"]["k"], master["mac"]["r"])))


def add(folder: Path, content: bytes) -> None:
    (folder / hashlib.sha256(content).hexdigest()).write_bytes(content)
