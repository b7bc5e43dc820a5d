"""A resumable upload of 1 GB at the server's socket, against curl to a bare nginx."""

from __future__ import annotations

import hashlib
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil

from bench.running import free_port, running
from bench.server import Growth, direct_api, server_process
from bench.table import Row

TITLE = "Uploading 1 GB"
NOTE = "tus (one POST, one PATCH sent by curl) at the server's own socket until the file has its name, its bytes are synced and its SHA-256 is known, against `curl -T` to Debian's nginx followed by fsync and sha256sum; median of 3 in turns."
SIZE = 10**9
VERSION = {"Tus-Resumable": "1.0.0"}
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; user root;
events {{}}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {folder}/body;
  server {{ listen 127.0.0.1:{port}; location / {{ root {folder}/root; dav_methods PUT; }} }}
}}
"""


@contextmanager
def nginx(folder: Path) -> Iterator[str]:
    """Run a bare nginx that takes PUT; yields its address."""
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None or shutil.which("curl") is None:
        raise SystemExit("the uploads benchmark needs nginx and curl: sudo apt-get install nginx-light curl")
    for name in ("root", "body"):
        (folder / name).mkdir(parents=True)
    port = free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
    process = subprocess.Popen([program, "-c", str(folder / "nginx.conf")], stderr=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            try:
                httpx.get(f"http://127.0.0.1:{port}/")
                break
            except httpx.TransportError:
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def plain(file: Path, address: str, root: Path) -> float:
    """Seconds of curl -T, fsync and sha256sum."""
    begin = time.perf_counter()
    subprocess.run(["curl", "-sf", "-T", str(file), f"{address}/file.bin"], check=True)
    descriptor = os.open(root / "file.bin", os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    subprocess.run(["sha256sum", str(root / "file.bin")], check=True, stdout=subprocess.DEVNULL)
    took = time.perf_counter() - begin
    (root / "file.bin").unlink()
    return took


def resumable(client: httpx.Client, api: str, file: Path, digest: str) -> float:
    """Seconds from the POST until the file is there."""
    begin = time.perf_counter()
    headers = {**VERSION, "Upload-Length": str(SIZE), "Upload-Metadata": "filename ZmlsZS5iaW4="}
    answer = client.post(f"{api}/uploads", headers=headers).raise_for_status()
    address = str(httpx.URL(api).join(answer.headers["Location"]))
    given = {**VERSION, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Expect": ""}
    given["Authorization"] = client.headers["Authorization"]
    options = [part for name, value in given.items() for part in ("-H", f"{name}: {value}")]
    subprocess.run(["curl", "-sf", "-X", "PATCH", "-T", str(file), *options, address], check=True)
    took = time.perf_counter() - begin
    found = client.get(f"{api}/files/file.bin/meta").raise_for_status().json()
    if found["sha256"] != digest:
        raise RuntimeError("the bytes are not those that were sent")
    client.delete(f"{api}/files/file.bin").raise_for_status()
    return took


def run() -> list[Row]:
    """Three uploads to each, in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="deita-bench-") as name,
        running(Path(name) / "home") as deita,
        deita.client() as client,
        nginx(Path(name) / "nginx") as address,
    ):
        folder = Path(name)
        file, digest = folder / "file.bin", hashlib.sha256()
        with file.open("wb") as out:
            for _ in range(SIZE // 10**7):
                out.write(block := os.urandom(10**7))
                digest.update(block)
        client.post(f"{deita.control}/workspaces", json={"name": "bench"}).raise_for_status()
        deita.open(client, "bench")
        server: psutil.Process = server_process(deita, "bench")
        api, ours, theirs, growth = direct_api(server), [], [], 0
        client.put(f"{api}/files/warm.bin", content=b"x").raise_for_status()
        for _ in range(3):
            os.sync()
            theirs.append(plain(file, address, folder / "nginx" / "root"))
            os.sync()
            with Growth(server) as grown:
                ours.append(resumable(client, api, file, digest.hexdigest()))
            growth = max(growth, grown.peak)
    mean, peer = statistics.median(ours), statistics.median(theirs)
    rate, peers = f"{SIZE / mean / 1e6:.0f} MB/s", f"{SIZE / peer / 1e6:.0f} MB/s"
    return [
        Row("resumable upload", rate, "curl -T to nginx, fsync, sha256sum", peers, f"{peer / mean:.0%}", "≥ 70 %", peer / mean >= 0.7),
        Row("server RSS growth", f"{growth / 1e6:.0f} MB", "–", "–", "–", "≤ 50 MB", growth <= 50e6),
    ]  # fmt: skip
