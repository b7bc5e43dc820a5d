"""A folder of files through Deita's import, and what was loaded as CSV: `python -m bench.loading FOLDER OUT [ENDING]`.

Each file is imported with no parameters. The recipe that this found then reads the file once more with every column as
text, and that is written: cells as they stand in the file, `28/01/2018` and not a date. Labels come first unless the
file has none; rows that were refused lie beside it as `<name>.rejects.csv`. The written file is called as the loaded
one, with the ENDING behind (Pollock's evaluate.py wants `_converted.csv`).
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.names import unique_names
from deita_engine.shapes import EngineError, ImportSpec, QuerySpec

from bench.scoring import Rows

PER_ENGINE = 200
USAGE = "python -m bench.loading FOLDER OUT [ENDING]"


@asynccontextmanager
async def engine_of(folder: Path, readable: Iterable[Path]) -> AsyncIterator[Engine]:
    """An engine on a workspace of its own."""
    storage = folder / uuid.uuid4().hex
    spool = storage / "people" / "me" / "spool"
    engine = Engine(EngineConfig(storage, spool, readable=tuple(readable), memory_bytes=1024**3, threads=2))
    try:
        yield engine
    finally:
        await engine.stop()


async def imported(engine: Engine, file: Path, recipe: dict[str, Any]) -> Run:
    """One import into the table `t`, anew."""
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    spec = ImportSpec(str(uuid.uuid4()), str(file), file.name, digest, "t", "me", "replace", recipe)
    run = await engine.import_file(spec)
    await run.wait(120)
    return run


async def loaded(engine: Engine, file: Path) -> tuple[Rows | None, list[dict[str, Any]], str]:
    """The rows (labels first, if the file has them), the rejects, and what was wrong when there is no table."""
    try:
        return await _loaded(engine, file)
    except EngineError as error:  # one file's failure is that file's score
        return None, [], error.code


async def _loaded(engine: Engine, file: Path) -> tuple[Rows | None, list[dict[str, Any]], str]:
    found = await imported(engine, file, {})
    if found.state != "done" or found.recipe is None:
        code = found.error.code if found.error else "failed"
        return ([] if code == "file_empty" else None), [], code
    rejects = [json.loads(line) for line in found.rejects.read_text().splitlines()] if found.rejects else []
    if "delimiter" in found.recipe:
        run = await imported(
            engine, file, {**found.recipe, "columns": _texts(found.recipe, rejects), "null_words": [""]}
        )
        if run.rows != found.rows:  # the values themselves, then
            await imported(engine, file, found.recipe)
    query = await engine.run(QuerySpec(str(uuid.uuid4()), "from t", "me"))
    await query.wait(60)
    with pa.ipc.open_stream(query.result.path) as stream:
        table = stream.read_all()
    rows = [
        ["" if v is None else str(v) for v in row] for row in zip(*(c.to_pylist() for c in table.columns), strict=True)
    ]
    header = [list(found.recipe.get("columns", table.column_names))] if found.recipe.get("header", True) else []
    return header + rows, rejects, ""


def _texts(recipe: dict[str, Any], rejects: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All columns as text, but those for whose sake a row was refused: it is to be refused again."""
    refusing = {reject["column"] for reject in rejects}
    names = unique_names(recipe["columns"])
    return {
        label: spec if name in refusing else "VARCHAR"
        for name, (label, spec) in zip(names, recipe["columns"].items(), strict=True)
    }


async def load_all(files: Sequence[Path], out: Path, ending: str = "") -> None:
    """Load files and write what became of them into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="deita-loading-") as name:
        for start in range(0, len(files), PER_ENGINE):
            async with engine_of(Path(name), {file.parent for file in files}) as engine:
                for file in files[start : start + PER_ENGINE]:
                    rows, rejects, wrong = await loaded(engine, file)
                    write(out / f"{file.name}{ending}", rows, rejects, wrong)


def write(target: Path, rows: Rows | None, rejects: Sequence[dict[str, Any]], wrong: str) -> None:
    """One CSV (an error as Pollock wants it: `Application Error` first), and the rejects beside it."""
    with target.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["Application Error"], [wrong]] if rows is None else rows)
    if rejects:
        with target.with_name(f"{target.stem}.rejects.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, ["line", "column", "raw", "reason"], lineterminator="\n")
            table.writeheader()
            table.writerows(rejects)


def read(file: Path) -> Rows | None:
    """What was loaded of a file, None for an error."""
    with file.open(encoding="utf-8", newline="") as source:
        rows = list(csv.reader(source))
    return None if rows[:1] == [["Application Error"]] else rows


def main(arguments: list[str]) -> int:
    """Load the files of a folder."""
    if len(arguments) not in (2, 3):
        print(USAGE, file=sys.stderr)
        return 2
    folder, out = Path(arguments[0]), Path(arguments[1])
    files = sorted(file for file in folder.iterdir() if file.is_file())
    asyncio.run(load_all(files, out, *arguments[2:]))
    print(f"{len(files)} files loaded into {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
