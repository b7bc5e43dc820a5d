"""The Deita SQL kernel against a bare ipykernel: start to the first result, memory, and what a cell adds to its query."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ipykernel.kernelspec import write_kernel_spec
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from bench.latency import alternating
from bench.spawn import settled_pss
from bench.table import Row
from bench.workspace import Workspace, workspace

TITLE = "The SQL kernel"
NOTE = (
    "Kernels started by jupyter_client and driven over their sockets, as the server does; medians of 7 starts in turns, and of "
    "300 cells in turns with 300 requests. `1` is the bare kernel's cell, `SELECT 1` ours; memory is proportional (PSS), once "
    "idle after the first cell."
)
TIMES = 7
SQL = "SELECT 1"
PEER = "bare ipykernel"


@contextmanager
def kernel(folder: Path, name: str, environment: dict[str, str]) -> Iterator[tuple[BlockingKernelClient, int]]:
    """A started kernel of a folder of kernelspecs: a client of it, and its process."""
    specs = KernelSpecManager(kernel_dirs=[str(folder)])
    with tempfile.TemporaryDirectory(prefix="kernel-") as sockets:
        manager = KernelManager(kernel_name=name, kernel_spec_manager=specs, transport="ipc")
        manager.connection_file = f"{sockets}/k.json"
        manager.start_kernel(env=environment)
        client = manager.blocking_client()
        client.start_channels()
        try:
            yield client, manager.provisioner.process.pid
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.context.destroy(linger=0)


def run_cell(client: BlockingKernelClient, code: str) -> None:
    """Run a cell and wait for its end; RuntimeError when it went wrong."""
    reply = client.execute_interactive(code, timeout=60, output_hook=lambda message: None)
    if reply["content"]["status"] != "ok":
        raise RuntimeError(reply["content"])


def started(folder: Path, name: str, environment: dict[str, str], code: str) -> tuple[float, float]:
    """Seconds from the start to the first result, and MiB of PSS when idle after it."""
    begin = time.perf_counter()
    with kernel(folder, name, environment) as (client, pid):
        client.wait_for_ready(timeout=60)
        run_cell(client, code)
        seconds = time.perf_counter() - begin
        return seconds, settled_pss(pid)


def starts(ours: Callable[[], tuple[float, float]], theirs: Callable[[], tuple[float, float]]) -> list[Row]:
    """Both kernels started in turns."""
    measured = [(ours(), theirs()) for _ in range(TIMES)]
    seconds, bare_seconds = (statistics.median(pair[side][0] for pair in measured) for side in (0, 1))
    memory, bare_memory = (statistics.median(pair[side][1] for pair in measured) for side in (0, 1))
    ratio, more = seconds / bare_seconds, memory - bare_memory
    return [
        Row(
            "start to the first result",
            f"{seconds:.2f} s",
            PEER,
            f"{bare_seconds:.2f} s",
            f"× {ratio:.2f}",
            "≤ × 1.5",
            ratio <= 1.5,
        ),
        Row(
            "memory after the first cell",
            f"{memory:.0f} MiB",
            PEER,
            f"{bare_memory:.0f} MiB",
            f"{more:+.0f} MiB",
            "≤ + 15 MiB",
            more <= 15,
        ),
    ]


def cells(folder: Path, environment: dict[str, str], found: Workspace) -> Row:
    """A cell beside the request that it makes."""
    connection = found.connection()
    connection.api = found.direct
    with kernel(folder, "deita-sql", environment) as (client, _):
        client.wait_for_ready(timeout=60)
        ours, theirs = alternating(lambda: run_cell(client, SQL), lambda: connection.query(SQL))
    p50, q50 = statistics.median(ours), statistics.median(theirs)
    return Row(
        "a cell of `SELECT 1`, p50",
        f"{p50:.1f} ms",
        "the same by REST",
        f"{q50:.1f} ms",
        f"+ {p50 - q50:.1f} ms",
        "≤ + 15 ms",
        p50 - q50 <= 15,
    )


def run() -> list[Row]:
    """All three on one Deita."""
    with workspace() as found, tempfile.TemporaryDirectory(prefix="deita-bench-") as name:
        bare, ours = Path(name), Path(sys.prefix, "share", "deita", "jupyter", "kernels")
        write_kernel_spec(bare / "bare")
        plain = {key: value for key, value in os.environ.items() if not key.startswith(("DEITA_", "JUPYTER"))}
        environment = {
            **plain,
            "DEITA_API": found.direct,
            "DEITA_TOKEN": found.deita.token(),
            "DEITA_WORKSPACE": "bench",
        }
        rows = starts(lambda: started(ours, "deita-sql", environment, SQL), lambda: started(bare, "bare", plain, "1"))
        return [*rows, cells(ours, environment, found)]
