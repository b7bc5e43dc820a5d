"""What the tables of a workspace hold, as an engine says: so that a copy can be compared with what it was made of."""

from __future__ import annotations

import json
import tempfile
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from deita_engine.access import Access
from deita_engine.client import Engine, EngineConfig
from deita_engine.shapes import QuerySpec

from deita_server.errors import DeitaError

LONGEST_MS = 24 * 3600 * 1000
PERSON = "migrate"
SUMMED = "SELECT count(*), sum(hash(t))::VARCHAR FROM {name} AS t"
"""The sum of the rows' hashes goes by no order and misses no row that is there twice."""


async def survey(folder: Path, remote: str | None, access: Access, engine: dict[str, str]) -> list[dict[str, Any]]:
    """The newest version of each table: `{name, rows, checksum}`; a view has neither rows nor checksum."""
    with tempfile.TemporaryDirectory(prefix="deita-migrate-") as spool:
        config = EngineConfig.from_env(folder, Path(spool), engine, remote=remote, read_only=True)
        asked = Engine(replace(config, timeout_ms=LONGEST_MS), access)
        try:
            return [await _summed(asked, table.name, table.kind) for table in await asked.tables()]
        finally:
            await asked.stop()


async def _summed(engine: Engine, name: str, kind: str) -> dict[str, Any]:
    if kind == "view":
        return {"name": name, "rows": None, "checksum": None}
    quoted = '"' + name.replace('"', '""') + '"'
    run = await engine.run(QuerySpec(str(uuid.uuid4()), SUMMED.format(name=quoted), PERSON))
    await run.wait()
    if run.error is not None:
        raise DeitaError(run.error.code, f"{name} cannot be read: {run.error.message}")
    rows, checksum = json.loads(run.first_page or b"[]")[0]
    return {"name": name, "rows": rows, "checksum": checksum}
