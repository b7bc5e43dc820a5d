"""kill -9 at the worst moment: what was acknowledged is there, the rest whole or not at all, the next start works."""

from __future__ import annotations

import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from bench.running import Deita, running, until
from bench.server import server_process, workspace_folder

SLOW = "select count(*) from range(10000) a, range(10000) b where (a.range + b.range) % 2 = 0"


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deita]:
    with running(tmp_path_factory.mktemp("crashes") / "home") as deita:
        yield deita


@pytest.fixture(scope="module")
def http(crashed: Deita) -> Iterator[httpx.Client]:
    with crashed.client() as client:
        client.post(f"{crashed.control}/workspaces", json={"name": "Crash"}).raise_for_status()
        yield client


def child(parent: psutil.Process, word: str) -> psutil.Process | None:
    """A process below another whose command line has the word."""
    return next(
        (process for process in parent.children(recursive=True) if any(word in part for part in process.cmdline())),
        None,
    )


def put(client: httpx.Client, api: str, name: str, size: int, **more: object) -> str:
    """Uploads so many bytes; returns their sha-256 when the upload was acknowledged."""
    body = os.urandom(size)
    client.put(f"{api}/files/{name}", content=body, **more).raise_for_status()
    return hashlib.sha256(body).hexdigest()


def test_a_query_whose_engine_is_killed_gives_its_rows_all_the_same(crashed: Deita, http: httpx.Client) -> None:
    api = crashed.open(http, "crash")
    assert http.post(f"{api}/queries", json={"sql": "select 1"}).json()["rows"] == [[1]]
    engine = child(server_process(crashed, "crash"), "deita_engine")
    assert engine is not None
    query = http.post(f"{api}/queries", json={"sql": SLOW, "wait_ms": 0}).json()
    engine.send_signal(signal.SIGKILL)
    answered = http.get(f"{api}/queries/{query['id']}", params={"wait_ms": 60000}).json()
    assert (answered["state"], answered["rows"]) == ("done", [[50_000_000]])


def test_a_killed_server_keeps_every_acknowledged_upload(crashed: Deita, http: httpx.Client) -> None:
    api = crashed.open(http, "crash")
    acknowledged: dict[str, str] = {}
    over = threading.Event()

    def upload(worker: int) -> None:
        number = 0
        while not over.is_set():
            name = f"part-{worker}-{number}.bin"
            try:
                acknowledged[name] = put(http, api, name, 200_000)
            except httpx.HTTPError:
                return
            number += 1

    with ThreadPoolExecutor(3) as pool:
        workers = [pool.submit(upload, worker) for worker in range(3)]
        until(lambda: len(acknowledged) >= 20, what="twenty uploads")
        server = server_process(crashed, "crash")
        folder = workspace_folder(server)
        server.send_signal(signal.SIGKILL)
        over.set()
        for worker in workers:
            worker.result()
    until(lambda: not server.is_running(), what="the end of the server")
    api = until(lambda: reopened(crashed, http), 60, "the next start")
    listed, following = {}, None
    while True:
        page = http.get(f"{api}/files", params={"cursor": following} if following else {}).raise_for_status().json()
        listed |= {item["name"]: item["sha256"] for item in page["items"]}
        following = page["next"]
        if not following:
            break
    assert acknowledged.items() <= listed.items()
    for name, sha256 in listed.items():
        assert hashlib.sha256(http.get(f"{api}/files/{name}").content).hexdigest() == sha256
    assert folder.exists()


def reopened(deita: Deita, client: httpx.Client) -> str | None:
    """Starts the server again; None while the hub has not yet seen that it is gone."""
    try:
        api = deita.open(client, "crash", 10)
        return api if client.get(f"{api}/health").status_code == 200 else None
    except (TimeoutError, httpx.HTTPError):
        return None


@pytest.mark.parametrize("moment", [0.0, 0.15, 0.3, 0.6])
def test_a_server_killed_during_an_import_leaves_the_table_whole_or_absent(
    crashed: Deita, http: httpx.Client, flights: Path, moment: float
) -> None:
    api = until(lambda: reopened(crashed, http), 60, "the server")
    table = f"flights_{int(moment * 100)}"
    http.put(f"{api}/files/flights.csv", content=(flights / "flights.csv").read_bytes()).raise_for_status()
    started = http.post(f"{api}/imports", json={"file": "flights.csv", "table": table}).json()["id"]
    until(lambda: http.get(f"{api}/imports/{started}").json()["state"] != "queued", what="the import to begin")
    threading.Event().wait(moment)  # a different moment of the import each time
    server_process(crashed, "crash").send_signal(signal.SIGKILL)
    api = until(lambda: reopened(crashed, http), 60, "the next start")
    state = until(lambda: settled(http, api, started), 30, "the import's end")
    tables = {item["name"]: item["rows"] for item in http.get(f"{api}/tables").json()["items"]}
    assert tables.get(table) == (336776 if state == "done" else None)


def settled(client: httpx.Client, api: str, number: str) -> str | None:
    """The state of an import once it is over."""
    state = client.get(f"{api}/imports/{number}").raise_for_status().json()["state"]
    return state if state in ("done", "failed", "cancelled") else None


@pytest.mark.parametrize("part", ["deita_hub.app", "deita_hub.service", "configurable-http-proxy"])
def test_a_killed_sibling_comes_back_and_servers_go_on(crashed: Deita, http: httpx.Client, part: str) -> None:
    api = until(lambda: reopened(crashed, http), 60, "the server")
    server = server_process(crashed, "crash")
    assert crashed.process is not None
    up = psutil.Process(crashed.process.pid)
    query = http.post(f"{api}/queries", json={"sql": "select 42 as answer"}).json()
    sibling = child(up, part)
    assert sibling is not None, [process.cmdline() for process in up.children()]
    sibling.send_signal(signal.SIGKILL)
    until(lambda: not sibling.is_running() or sibling.status() == psutil.STATUS_ZOMBIE, what="its end")

    def healthy() -> bool:
        try:
            health = http.get(f"{crashed.control}/health").status_code
            return health == 200 and http.get(f"{api}/health").status_code == 200
        except httpx.HTTPError:
            return False

    until(healthy, 40, f"health after {part} was killed")
    assert server.is_running() and server.status() != psutil.STATUS_ZOMBIE
    assert http.get(f"{api}/queries/{query['id']}/results").json()["rows"] == [[42]]


def test_killing_up_leaves_nothing_and_the_next_start_has_everything(tmp_path: Path, flights: Path) -> None:
    deita = Deita(tmp_path / "home")
    deita.start()
    assert deita.process is not None
    with deita.client() as client:
        client.post(f"{deita.control}/workspaces", json={"name": "Kept"}).raise_for_status()
        api = deita.open(client, "kept")
        client.put(f"{api}/files/airlines.csv", content=(flights / "airlines.csv").read_bytes()).raise_for_status()
        started = client.post(f"{api}/imports", json={"file": "airlines.csv"}).json()
        assert client.get(f"{api}/imports/{started['id']}", params={"wait_ms": 20000}).json()["state"] == "done"
        family = psutil.Process(deita.process.pid).children(recursive=True)
        family.append(server_process(deita, "kept"))
    deita.stop(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive, [process.cmdline() for process in alive]
    deita.start()
    try:
        with deita.client() as client:
            api = deita.open(client, "kept")
            answer = client.post(f"{api}/queries", json={"sql": "select count(*) from airlines", "wait_ms": 20000})
            assert answer.json()["rows"] == [[16]]
    finally:
        deita.stop()
