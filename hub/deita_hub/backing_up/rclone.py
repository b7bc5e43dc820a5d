"""rclone, which shows a bucket to restic as a folder and puts what restic gives back into one.

It has the root key: it works for all workspaces, on the hub side. https://rclone.org/s3/
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from deita_hub import bucket_mounts, mounts
from deita_hub.backing_up.errors import BackupError
from deita_hub.object_storage import ObjectStorage
from deita_hub.settings import Settings

LEFT_OUT = ("/*/incoming/**", "/drill.*/**", "/before-restore.*/**")
"""Uploads under way; what drills and restores keep beside the workspaces."""
MOUNT = "mount2"
"""Its other implementation of mounts: the first one answers a question for extended attributes, which restic asks, with
an I/O error where Debian packages it.
"""
SHOWN = (
    *("--read-only", "--vfs-cache-mode", "off", "--dir-cache-time", "1000h", "--poll-interval", "0"),
    *("--no-checksum", "--use-server-modtime", "--log-level", "ERROR"),
)
COPIED = ("--checksum", "--transfers", "8", "--checkers", "16", "--s3-no-check-bucket", "--log-level", "ERROR")
"""Bytes are compared by their MD5 where the store tells it, otherwise by their size: names say what bytes are."""
MIRROR = ".mirror"
PATIENCE_S = 60.0
MOST_LINES = 5


class Rclone:
    """What lies below the installation's prefix. Methods block and raise BackupError."""

    def __init__(self, settings: Settings, objects: ObjectStorage) -> None:
        program = shutil.which(bucket_mounts.PROGRAM, path=settings.environ.get("PATH", os.defpath))
        if program is None:
            raise BackupError("Backups of a bucket need rclone: install the package `rclone` of your system.")
        self._program, self._settings, self._objects = program, settings, objects

    def at(self, *parts: str) -> str:
        """rclone's name of a place below the prefix."""
        return f":s3:{self._objects.bucket}/{self._objects.key(*parts)}".rstrip("/")

    @contextlib.contextmanager
    def shown(self, place: Path) -> Iterator[None]:
        """The bucket as the folder `place`, whose parent is a folder of ours on the disk of the workspaces.

        By a mount, which takes no room; where nothing can be mounted by a mirror, which takes as much as the bucket and
        stays for the next time.
        """
        if self._settings.mounts != "none" and mounts.obstacle() is None:
            with self._mounted(place):
                yield
            return
        mirror = self._settings.storage / MIRROR
        mirror.mkdir(mode=0o700, exist_ok=True)
        # keys that go meanwhile are an error for rclone, and are looked for once more by it
        self.run("sync", self.at(), str(mirror), "--use-server-modtime", "--fast-list", "--retries", "5", *_excluded())
        mirror.rename(place)
        try:
            yield
        finally:
            place.rename(mirror)

    def copy(self, source: str, target: str, *more: str) -> None:
        """Have at `target` what is at `source`."""
        self.run("copy", source, target, *COPIED, *more)

    def move(self, source: str, target: str, names: Iterable[str]) -> None:
        """Move the keys with these names, which the store does by itself."""
        with NamedTemporaryFile("w", prefix="deita-", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in names)
            file.flush()
            self.run("move", source, target, "--files-from-raw", file.name, *COPIED)

    def names(self, *parts: str) -> list[str]:
        """The keys below a place, without its own name."""
        return self.run("lsf", "--recursive", "--files-only", "--fast-list", self.at(*parts)).splitlines()

    def there(self, names: Iterable[str]) -> list[str]:
        """Those of these keys that are there now."""
        with NamedTemporaryFile("w", prefix="deita-", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in names)
            file.flush()
            return self.run("lsf", "--recursive", "--files-from-raw", file.name, self.at()).splitlines()

    def purge(self, *parts: str) -> None:
        """Remove everything below a place."""
        assert parts, "never everything"
        self.run("delete", self.at(*parts))

    def run(self, *words: str) -> str:
        """One command, and what it printed."""
        ended = subprocess.run(
            [self._program, *words],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            said = [line.strip() for line in ended.stderr.splitlines() if line.strip()]
            raise BackupError("rclone said: " + (" / ".join(said[-MOST_LINES:]) or "nothing"))
        return ended.stdout

    @contextlib.contextmanager
    def _mounted(self, place: Path) -> Iterator[None]:
        place.mkdir(mode=0o700)
        command = [self._program, MOUNT, self.at(), str(place), *SHOWN, *_excluded()]
        with subprocess.Popen(
            command,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                _wait(process, place)
                yield
                if process.poll() is not None:
                    raise BackupError("rclone ended while the backup was made: make another.")
            finally:
                unmount(place)
                process.terminate()
        place.rmdir()

    def _environment(self) -> dict[str, str]:
        """No configuration file; the keys as the installation has them."""
        objects, given = self._objects, self._settings.environ
        values = {
            "PATH": given.get("PATH", os.defpath),
            "HOME": given.get("HOME", "/nonexistent"),
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_S3_PROVIDER": "Other" if objects.endpoint else "AWS",
            "RCLONE_S3_REGION": objects.region,
            "RCLONE_S3_ENDPOINT": objects.endpoint or "",
        }
        if objects.access_key_id and objects.secret_access_key:
            values["RCLONE_S3_ACCESS_KEY_ID"] = objects.access_key_id
            values["RCLONE_S3_SECRET_ACCESS_KEY"] = objects.secret_access_key
        else:
            values |= {"RCLONE_S3_ENV_AUTH": "true"}
            values |= {name: value for name, value in given.items() if name.startswith("AWS_")}
        return {name: value for name, value in values.items() if value}


def unmount(place: Path) -> None:
    """Take a mount away, also one whose rclone was killed; nothing happens where there is none."""
    if (program := bucket_mounts.unmounter()) is not None:
        subprocess.run((program, "-uz", str(place)), capture_output=True, check=False)


def _wait(process: subprocess.Popen[str], place: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not place.is_mount():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            assert process.stderr is not None
            raise BackupError(f"rclone did not mount the bucket: {process.stderr.read()[-500:].strip()}")
        time.sleep(0.05)


def _excluded() -> list[str]:
    return [word for pattern in LEFT_OUT for word in ("--exclude", pattern)]
