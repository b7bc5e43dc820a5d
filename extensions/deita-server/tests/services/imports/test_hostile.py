"""What is made to hurt ends in a documented code or a table, within memory and time, and harms nobody else."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ...workspace_server import RunningServer
from . import hostile

GB = 10**9
SECONDS = 60


class Peak:
    """The most resident memory of a server's engine processes and their children, together, while it is watched."""

    def __init__(self, server: RunningServer) -> None:
        self.process, self.peak = psutil.Process(server.process.pid), 0
        self._over = threading.Event()

    def __enter__(self) -> Peak:
        for process in self._engines():
            with contextlib.suppress(OSError):  # it ended meanwhile
                Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # forget the peak so far
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _engines(self) -> Iterator[psutil.Process]:
        for process in self.process.children(recursive=True):
            with contextlib.suppress(psutil.Error):
                if any(part.startswith("deita_engine") for part in process.cmdline()):
                    yield process

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self._look()

    def _look(self) -> None:
        self.peak = max(self.peak, sum(_most_resident(process.pid) for process in self._engines()))

    def __exit__(self, *_: object) -> None:
        self._look()
        self._over.set()
        self._thread.join()


def _most_resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
        return int(found[1]) * 1024 if found else 0  # a dead one has none
    return 0


@pytest.fixture(scope="module")
def attacked(start_server: Callable[..., RunningServer]) -> RunningServer:
    server = start_server(DEITA_ENGINE_MEMORY=str(8 * 1024**3))
    server.put("good.csv", b"a\n1\n")
    return server


def used(server: RunningServer) -> int:
    return int(server.api.get("/workspace").json()["usage"]["bytes"])


def import_at_most(server: RunningServer, file: str, seconds: float) -> dict[str, Any]:
    """The import when it is over, or as it was when its time was."""
    begun = server.api.post("/imports", json={"file": file, "table": "hostile", "mode": "replace"}).json()
    wait = {"wait_ms": int(seconds * 1000)}
    body: dict[str, Any] = server.api.get(f"/imports/{begun['id']}", params=wait, timeout=seconds + 10).json()
    if body["state"] not in ("done", "failed"):
        server.api.delete(f"/imports/{begun['id']}")
    return body


@pytest.mark.parametrize("name", hostile.FILES)
def test_a_hostile_file_ends_in_a_documented_code_or_a_table(attacked: RunningServer, name: str) -> None:
    item = hostile.FILES[name]
    content = item.make()
    before = used(attacked)
    file = f"{re.sub('[^A-Za-z0-9]+', '-', name)}.bin"
    assert attacked.put(file, content).status_code == 201
    engine = attacked.api.get("/health").json()
    with Peak(attacked) as memory:
        begun = time.monotonic()
        body = import_at_most(attacked, file, SECONDS)
        seconds = time.monotonic() - begun
    print(
        f"{name}: {body['state']} {body['error'] and body['error']['code']} {memory.peak / 1e6:.0f} MB {seconds:.1f} s"
    )
    assert body["state"] in ("done", "failed"), body["state"]
    if body["state"] == "done":
        assert item.reads, body
        counts = body["counts"]
        assert body["rows"] + body["reject_count"] + sum(list(counts.values())[2:]) == counts["total"]
    else:
        assert body["error"]["code"] in item.codes, body["error"]
        assert str(attacked.storage) not in str(body)
        assert attacked.api.get("/tables/hostile").status_code == 404
    assert memory.peak <= GB
    assert seconds <= SECONDS
    assert attacked.api.get("/health").json()["engine"]["restarts"] == engine["engine"]["restarts"]
    assert attacked.api.get(f"/files/{file}").content == content
    assert used(attacked) == before + len(content)
    attacked.api.delete("/tables/hostile")
    assert attacked.api.delete(f"/files/{file}").status_code == 204
    assert attacked.import_file("good.csv", mode="replace")["rows"] == 1


@pytest.mark.parametrize(
    "name", ["CON", "aux.csv", "..", ".hidden", "-rf", "a\u202egpj.csv", "a\u200bb.csv", "a\0b", "a\nb", "x" * 300]
)
def test_a_hostile_name_is_refused(attacked: RunningServer, name: str) -> None:
    from urllib.parse import quote

    answer = attacked.api.put(f"/files/{quote(name, safe='')}", content=b"a\n1\n")
    assert (answer.status_code, answer.json()["code"]) in {(400, "bad_name"), (404, "not_found")}
