"""The workspace server as seen from the machine: its own address and its memory."""

from __future__ import annotations

import threading
from pathlib import Path
from types import TracebackType

import psutil

from bench.running import Deita


def server_process(deita: Deita, slug: str, person: str = "me") -> psutil.Process:
    """The process of a person's server of a workspace, found by the environment that its spawner gave it."""
    for process in psutil.process_iter():
        try:
            variables = process.environ()
        except psutil.Error:
            continue
        mine = variables.get("DEITA_LIFELINE", "").startswith(str(deita.home))
        theirs = (variables.get("DEITA_WORKSPACE"), variables.get("DEITA_PERSON")) == (slug, person)
        if mine and theirs and process.cmdline()[1:4] == ["-P", "-m", "deita_server"]:
            return process
    raise LookupError(f"no server of {slug} runs")


def direct_api(process: psutil.Process) -> str:
    """The data plane's address at the server's own socket, past the proxy."""
    variables = process.environ()
    origin = variables["JUPYTERHUB_SERVICE_URL"].split("/user/")[0].rstrip("/")
    return f"{origin}{variables['JUPYTERHUB_SERVICE_PREFIX']}deita/api/v1"


def workspace_folder(process: psutil.Process) -> Path:
    """Where the workspace's bytes lie."""
    return Path(process.environ()["DEITA_STORAGE_URL"].removeprefix("file://"))


class Growth:
    """How far a process's resident memory rose inside a `with` block: `peak`, in bytes, above where it began."""

    def __init__(self, process: psutil.Process, every_s: float = 0.02) -> None:
        self.process, self.every_s, self.peak = process, every_s, 0
        self.over = threading.Event()

    def __enter__(self) -> Growth:
        self.begin = self.process.memory_info().rss
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.over.wait(self.every_s):
            self.peak = max(self.peak, self.process.memory_info().rss - self.begin)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self.thread.join()


class EnginePeak:
    """The most resident memory that a server's engine processes took inside a `with` block: `peak`, in bytes."""

    def __init__(self, server: psutil.Process, every_s: float = 0.05) -> None:
        self.server, self.every_s, self.peak = server, every_s, 0
        self.over = threading.Event()

    def __enter__(self) -> EnginePeak:
        self.thread = threading.Thread(target=self._watch, daemon=True)
        self.thread.start()
        return self

    def _watch(self) -> None:
        while not self.over.wait(self.every_s):
            for process in self.server.children(recursive=True):
                try:
                    if "deita_engine" in process.cmdline():
                        self.peak = max(self.peak, process.memory_info().rss)
                except psutil.Error:
                    continue  # it ended between being listed and being asked

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self.thread.join()
