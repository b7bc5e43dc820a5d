"""`python -m deita_engine.fingerprints_apart FILE [ordered]`: the hashes of a spooled result, as JSON.

It says nothing when there is none. Started by `hashing` only.
"""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import sys
from pathlib import Path

from .kept_out import keep_out

keep_out()

import pyarrow as pa  # noqa: E402 - it would bring numpy

from .fingerprints import hashes_of  # noqa: E402
from .result_files import columns_of  # noqa: E402

MEMORY = 2 * 1024**3
NICENESS = 10


def main() -> None:
    """Hash the file that the command line names."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    path = Path(sys.argv[1])
    if not path.exists():
        return
    with pa.OSFile(str(path)) as file:
        reader = pa.ipc.open_stream(file)
        hashes = hashes_of(columns_of(reader.schema), reader, ordered=sys.argv[2] == "ordered")
    json.dump(dataclasses.asdict(hashes), sys.stdout)


if __name__ == "__main__":
    main()
