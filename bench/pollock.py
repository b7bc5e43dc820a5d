"""Pollock: polluted CSV files through Deita's import. `python -m bench.pollock FOLDER OUT` loads the files of a folder.

Each file is imported with no parameters. The recipe that this found then reads the file once more with every column as
text, and that is written: Pollock compares cells as they stand in the file, `28/01/2018` and not a date. Labels come first
unless the file has none; rows that were refused lie beside it as `<name>.rejects.csv`. The scores here are those of a
corpus in Pollock's manner (bench/pollution.py); its own files and scorer can be pointed at OUT.
"""

from __future__ import annotations

import asyncio
import csv
import hashlib
import json
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from deita_engine.client import Engine, EngineConfig, Run
from deita_engine.shapes import ImportSpec, QuerySpec

from bench.pollution import Rows, corpus, measures
from bench.table import Row

TITLE = "Polluted CSV files"
NOTE = (
    "A corpus of our own in the manner of the Pollock benchmark, ten points a file, imported with no parameters; DuckDB reads the same files with its own "
    "detection. Of the 2,290 files all that pollute a whole file are taken, and each sixth of those that pollute one row. Deita's detector was tuned on "
    "this corpus, and Pollock's own files give DuckDB more."
)
EVERY = 6  # all of them take ten minutes
PER_ENGINE = 200


@asynccontextmanager
async def engine_of(folder: Path) -> AsyncIterator[Engine]:
    """An engine on a workspace of its own."""
    storage = folder / uuid.uuid4().hex
    engine = Engine(EngineConfig(storage, storage / "people" / "me" / "spool", memory_bytes=1024**3, threads=2))
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
    found = await imported(engine, file, {})
    if found.state != "done" or found.recipe is None:
        code = found.error.code if found.error else "failed"
        return ([] if code == "file_empty" else None), [], code
    texts = dict.fromkeys(found.recipe["columns"], "VARCHAR")
    run = await imported(engine, file, {**found.recipe, "columns": texts, "null_words": [""]})
    if run.rows is None or run.reject_count != found.reject_count:
        raise RuntimeError(f"{file.name}: {found.reject_count} rejects as values, {run.reject_count} as texts")
    query = await engine.run(QuerySpec(str(uuid.uuid4()), "from t", "me"))
    await query.wait(60)
    with pa.ipc.open_stream(query.result.path) as stream:
        table = stream.read_all()
    rows = [[value or "" for value in row] for row in zip(*(c.to_pylist() for c in table.columns), strict=True)]
    header = [list(found.recipe["columns"])] if found.recipe["header"] else []
    rejects = [json.loads(line) for line in run.rejects.read_text().splitlines()] if run.rejects else []
    return header + rows, rejects, ""


async def load_all(files: Iterable[Path], out: Path) -> None:
    """Load files and write what became of them into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    waiting = list(files)
    with tempfile.TemporaryDirectory(prefix="deita-pollock-") as name:
        for start in range(0, len(waiting), PER_ENGINE):
            async with engine_of(Path(name)) as engine:
                for file in waiting[start : start + PER_ENGINE]:
                    rows, rejects, wrong = await loaded(engine, file)
                    write(out, file, rows, rejects, wrong)


def write(out: Path, file: Path, rows: Rows | None, rejects: list[dict[str, Any]], wrong: str) -> None:
    """One CSV (an error as Pollock wants it: `Application Error` first), and the rejects beside it."""
    with (out / file.name).open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows([["Application Error"], [wrong]] if rows is None else rows)
    if rejects:
        with (out / f"{file.stem}.rejects.csv").open("w", encoding="utf-8", newline="") as target:
            table = csv.DictWriter(target, ["line", "column", "raw", "reason"], lineterminator="\n")
            table.writeheader()
            table.writerows(rejects)


def by_duckdb(file: Path) -> Rows | None:
    """What DuckDB alone makes of a file, as Pollock's authors call it."""
    try:
        read = duckdb.connect().execute(
            "from read_csv(?, strict_mode=false, ignore_errors=true, null_padding=true)", [str(file)]
        )
        header = [column[0] for column in read.description or ()]
        return [header, *([str(value) if value is not None else "" for value in row] for row in read.fetchall())]
    except duckdb.Error:
        return None


def run() -> list[Row]:
    """The files through the import, and through DuckDB's own detection."""
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as name:
        folder, out = Path(name) / "files", Path(name) / "out"
        folder.mkdir()
        files = list(corpus(every=EVERY))
        for polluted in files:
            (folder / polluted.name).write_bytes(polluted.content)
        asyncio.run(load_all((folder / polluted.name for polluted in files), out))
        ours, theirs = [], []
        for polluted in files:
            with (out / polluted.name).open(encoding="utf-8", newline="") as result:
                rows = list(csv.reader(result))
            failed = rows[:1] == [["Application Error"]]
            ours.append(sum(measures(polluted.truth, None if failed else rows)))
            theirs.append(sum(measures(polluted.truth, by_duckdb(folder / polluted.name))))
    weights = [polluted.weight for polluted in files]
    simple, peer = sum(ours) / len(ours), sum(theirs) / len(theirs)
    weighted, peers = (sum(s * w for s, w in zip(side, weights, strict=True)) / sum(weights) for side in (ours, theirs))
    return [
        Row("Pollock's manner, simple", f"{simple:.3f}", "DuckDB, own detection", f"{peer:.3f}", f"{simple - peer:+.2f}", "≥ 9.95", simple >= 9.95),
        Row("Pollock's manner, weighted", f"{weighted:.3f}", "DuckDB, own detection", f"{peers:.3f}", f"{weighted - peers:+.2f}", "≥ 9.6", weighted >= 9.6),
    ]  # fmt: skip


def main(arguments: list[str]) -> int:
    """Load the CSV files of a folder."""
    if len(arguments) != 2:
        print("python -m bench.pollock FOLDER OUT", file=sys.stderr)
        return 2
    folder, out = Path(arguments[0]), Path(arguments[1])
    files = sorted(file for file in folder.iterdir() if file.is_file())
    asyncio.run(load_all(files, out))
    print(f"{len(files)} files loaded into {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
