"""Mounts of a workspace in a bucket, for all its servers: the uploaded bytes, read-only, and the notebooks, to write.

Each is an rclone, which gets no key. It asks the control plane for a session on this part of this workspace, as AWS's
own containers do (https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html), and again before
that ends; what it shows for it is derived from a secret of the hub side and good for this part of this workspace only.
Of bytes nothing is kept on this machine but in the kernel's memory; what is written among notebooks goes to the bucket
a second after it was closed, and waits in `cache/` while the store is away. What runs is written down in
`run/mounts/<workspace id>/`, so that a hub that starts again knows it: `process/` names the rclones, `servers/` who
reads, `files` and `notebooks` are the mounts.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Literal

from deita_hub import processes, secret_files, storage
from deita_hub.addresses import MOUNTS
from deita_hub.lifeline import FileLock
from deita_hub.object_storage import ObjectStorage
from deita_hub.processes import ProcessIdentity
from deita_hub.secret_files import Secrets
from deita_hub.settings import Settings

Part = Literal["files", "notebooks"]

PROGRAM = "rclone"
OPTIONS = (
    *("--dir-cache-time", "0s", "--poll-interval", "0", "--use-server-modtime", "--log-level", "NOTICE"),
    *("--contimeout", "3s", "--timeout", "5s", "--low-level-retries", "1", "--retries", "1"),
)
"""Folders are looked at anew, because others write, too. A store that is away is an error soon."""
READING = ("--read-only", "--vfs-cache-mode", "off", "--no-checksum")
WRITING = (
    *("--vfs-cache-mode", "writes", "--vfs-write-back", "1s"),
    *("--vfs-cache-max-size", "1G", "--vfs-cache-max-age", "30s", "--vfs-cache-poll-interval", "10s"),
)
PATIENCE_S = 10.0
GRACE_S: dict[str, float] = {"files": 2.0, "notebooks": 10.0}
"""How long one that is asked to end may take: what was written last may be on its way."""
UNUSED_S = 60.0
"""How long a mount stays that no server reads."""


class MountError(Exception):
    """The bucket could not be mounted; the log `mounts.log` says why."""


def mount(settings: Settings, objects: ObjectStorage, workspace_id: str, part: Part) -> Path:
    """Mount a part of a workspace, unless it is; returns where. Blocks. Raises MountError."""
    home = _mounts(settings) / workspace_id
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        os.utime(home)
        if not (part in processes.remembered(home / "process") and _is_mounted(home / part)):
            _end(home, part)
            _start(settings, objects, workspace_id, part)
    return home / part


def read_by(settings: Settings, workspace_id: str, server: str, identity: ProcessIdentity) -> None:
    """Note that a server reads the mount as long as it runs."""
    processes.remember(_mounts(settings) / workspace_id / "servers", server, identity)


def sweep(settings: Settings, unused: float = UNUSED_S) -> None:
    """End the mounts that no server reads any more."""
    for home in _mounts(settings).glob("*"):
        with FileLock(home / "lock"):
            old = home.stat().st_mtime <= time.time() - unused
            mounted = any(_is_mounted(home / part) for part in GRACE_S)
            if old and mounted and not processes.remembered(home / "servers"):
                _end(home)


def end_all(settings: Settings) -> None:
    """End every mount, also those that an earlier run left."""
    for home in _mounts(settings).glob("*"):
        _end(home)


def token(secrets: Secrets, workspace_id: str, part: Part) -> str:
    """What the mount of a part of a workspace shows to be given credentials: 64 hexadecimal digits."""
    return hmac.new(secrets.service_token.encode(), f"mount {part} {workspace_id}".encode(), hashlib.sha256).hexdigest()


def unmounter() -> str | None:
    """The program that takes a mount away, None where there is none."""
    return shutil.which("fusermount3") or shutil.which("fusermount")


def _mounts(settings: Settings) -> Path:
    return settings.home / "run" / "mounts"


def _start(settings: Settings, objects: ObjectStorage, workspace_id: str, part: Part) -> None:
    home = _mounts(settings) / workspace_id
    place = home / part
    place.mkdir(exist_ok=True)
    # the slash at the end says that it is a folder: rclone need not ask the store, which may be away
    source = f":s3:{objects.bucket}/{objects.key(workspace_id, part)}/"
    options = (
        (*WRITING, "--cache-dir", str(storage.mount_cache(settings, workspace_id))) if part == "notebooks" else READING
    )
    log = os.open(settings.logs_dir / "mounts.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            (PROGRAM, "mount", source, str(place), *OPTIONS, *options),
            env=_environment(settings, objects, workspace_id, part),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    identity = ProcessIdentity.of(process.pid)
    if identity is not None:
        processes.remember(home / "process", part, identity)
    deadline = time.monotonic() + PATIENCE_S
    while not _is_mounted(place):
        if process.poll() is not None or time.monotonic() > deadline:
            _end(home, part)
            raise MountError("rclone did not mount the bucket")
        time.sleep(0.02)


def _environment(settings: Settings, objects: ObjectStorage, workspace_id: str, part: Part) -> dict[str, str]:
    """No configuration file, no key of the machine or its user; only what asks the control plane."""
    endpoint = {"RCLONE_S3_ENDPOINT": objects.endpoint} if objects.endpoint else {}
    return {
        "PATH": settings.environ.get("PATH", os.defpath),
        "HOME": "/nonexistent",
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_S3_PROVIDER": "Other" if objects.endpoint else "AWS",
        "RCLONE_S3_REGION": objects.region,
        "RCLONE_S3_ENV_AUTH": "true",
        "RCLONE_S3_NO_CHECK_BUCKET": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{settings.control_plane_url}{MOUNTS}/{workspace_id}/{part}/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": f"Bearer {token(secret_files.load(settings), workspace_id, part)}",
        **endpoint,
    }


def _end(home: Path, *parts: Part) -> None:
    """End the rclones of these parts, or all, which unmount, and take away what killed ones left."""
    found = processes.remembered(home / "process")
    for part in parts or found:
        if part in found:
            processes.end([found[part]], grace=GRACE_S.get(part, 2.0))
    program = unmounter()
    for place in (home / part for part in parts or GRACE_S):
        if program is not None and _is_mounted(place):
            subprocess.run((program, "-uz", str(place)), capture_output=True, check=False)


def _is_mounted(place: Path) -> bool:
    """By the system's list: a mount whose program was killed can only be found there."""
    point = str(place).replace("\\", r"\134").replace(" ", r"\040").replace("\t", r"\011")
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return any(line.split(" ")[4] == point for line in lines)
