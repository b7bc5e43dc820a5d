"""`python -m bench.long_upload [GB]`: a long upload by tuspy through the proxy; does the server's memory stay?

Not part of `make bench`: it takes minutes, and the upload's size on the disk.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tusclient.client import TusClient

from bench.running import running
from bench.server import Growth, server_process

BLOCK = 16 * 2**20
MOST = 300 * 10**6


class Blocks(io.RawIOBase):
    """So many blocks of bytes, no two the same, made when they are read."""

    def __init__(self, count: int) -> None:
        self.size, self._random, self._place = count * BLOCK, os.urandom(BLOCK - 8), 0

    def block(self, number: int) -> bytes:
        """One of them."""
        return number.to_bytes(8, "big") + self._random

    def read(self, size: int = -1) -> bytes:
        """The next block, whatever the size; nothing at the end."""
        if self._place >= self.size:
            return b""
        self._place += BLOCK
        return self.block(self._place // BLOCK - 1)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to the beginning of a block, or to the end."""
        self._place = self.size if whence == os.SEEK_END else offset
        return self._place

    def tell(self) -> int:
        """Where the next block begins."""
        return self._place

    def sha256(self) -> str:
        """The hash of all of them."""
        digest = hashlib.sha256()
        for number in range(self.size // BLOCK):
            digest.update(self.block(number))
        return digest.hexdigest()


def main(gigabytes: int) -> int:
    """Send so much; prints rate and memory, returns 1 when the bytes are others or the server takes too much."""
    stream = Blocks(gigabytes * 10**9 // BLOCK)
    with tempfile.TemporaryDirectory(prefix="deita-long-") as name, running(Path(name) / "home") as deita:
        if shutil.disk_usage(name).free < 2 * stream.size:
            print(f"this takes {2 * stream.size / 1e9:.0f} GB of free space in {name}", file=sys.stderr)
            return 2
        with deita.client() as client:
            client.post(f"{deita.control}/workspaces", json={"name": "long"}).raise_for_status()
            api = deita.open(client, "long")
            server = server_process(deita, "long")
            tus = TusClient(f"{api}/uploads", headers={"Authorization": client.headers["Authorization"]})
            with Growth(server) as grown:
                begin = time.perf_counter()
                tus.uploader(file_stream=stream, chunk_size=BLOCK, metadata={"filename": "long.bin"}).upload()
                took = time.perf_counter() - begin
            file = client.get(f"{api}/files/long.bin/meta").raise_for_status().json()
    memory = grown.begin + grown.peak
    same = (file["size"], file["sha256"]) == (stream.size, stream.sha256())
    print(
        f"{stream.size / 1e9:.1f} GB in requests of {BLOCK // 2**20} MiB: {stream.size / took / 1e6:.0f} MB/s,", end=" "
    )
    print(
        f"server {memory / 1e6:.0f} MB, {grown.peak / 1e6:.0f} MB more than before; bytes {'equal' if same else 'differ'}"
    )
    return 0 if same and memory <= MOST else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
