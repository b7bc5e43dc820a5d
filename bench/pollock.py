"""Pollock: polluted CSV files through Deita's import, and through DuckDB's own detection, scored.

`python -m bench.pollock FOLDER OUT` does so with the original: FOLDER is the benchmark's `polluted_files`, with `csv/` and
`clean/`. Any other folder of files is loaded alone. What was loaded lies in OUT (bench/loading.py).
"""

from __future__ import annotations

import asyncio
import csv
import io
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import duckdb

from bench import loading
from bench.pollution import corpus
from bench.scoring import Rows, kind_of, measures, scores
from bench.table import Row

TITLE = "Polluted CSV files"
NOTE = (
    "A corpus of our own in the manner of the Pollock benchmark and its scores, ten points a file, imported with no parameters; DuckDB reads the same "
    "files with its own detection, called as Pollock's authors call it. Of the 2,290 files all that pollute a whole file are taken, and each seventh of "
    "those that pollute one row."
)
EVERY = 7  # all of them take ten minutes
Points = dict[str, float]


def by_duckdb(file: Path) -> Rows | None:
    """What DuckDB alone makes of a file, called and written as Pollock's authors do."""
    try:
        read = duckdb.connect().read_csv(str(file), strict_mode=False, ignore_errors=True, null_padding=True)
        return list(csv.reader(io.StringIO(read.df().to_csv(index=False), newline="")))
    except duckdb.Error:
        return None


def points_of(files: Mapping[Path, Rows], out: Path) -> tuple[Points, Points]:
    """The points of each file: Deita's, whose rows lie in `out`, and DuckDB's."""
    asyncio.run(loading.load_all(list(files), out))
    ours = {file.name: sum(measures(truth, loading.read(out / file.name))) for file, truth in files.items()}
    theirs = {file.name: sum(measures(truth, by_duckdb(file))) for file, truth in files.items()}
    return ours, theirs


def run() -> list[Row]:
    """The files through the import, and through DuckDB's own detection."""
    with tempfile.TemporaryDirectory(prefix="deita-bench-") as name:
        folder = Path(name) / "files"
        folder.mkdir()
        files = {}
        for polluted in corpus(every=EVERY):
            (folder / polluted.name).write_bytes(polluted.content)
            files[folder / polluted.name] = polluted.truth
        ours, theirs = points_of(files, Path(name) / "out")
    (simple, weighted), (peer, peers) = scores(ours, EVERY), scores(theirs, EVERY)
    return [
        Row("Pollock's manner, simple", f"{simple:.3f}", "DuckDB, own detection", f"{peer:.3f}", f"{simple - peer:+.2f}", "≥ 9.95", simple >= 9.95),
        Row("Pollock's manner, weighted", f"{weighted:.3f}", "DuckDB, own detection", f"{peers:.3f}", f"{weighted - peers:+.2f}", "≥ 9.6", weighted >= 9.6),
    ]  # fmt: skip


def original(folder: Path, out: Path) -> None:
    """Load and score the benchmark's own files; prints the kinds that are below ten, and the scores."""
    files = {}
    for file in sorted((folder / "csv").iterdir()):
        with (folder / "clean" / file.name).open(encoding="utf-8-sig", newline="") as clean:
            files[file] = list(csv.reader(clean))
    ours, theirs = points_of(files, out)
    kinds: dict[str, list[str]] = defaultdict(list)
    for name in ours:
        kinds[kind_of(name)].append(name)
    print("| files | Deita | DuckDB, own detection |\n|---|---|---|")
    for kind, names in sorted(kinds.items()):
        mine, other = (sum(points[name] for name in names) / len(names) for points in (ours, theirs))
        if mine < 9.9995:
            print(f"| {kind} ({len(names)}) | {mine:.3f} | {other:.3f} |")
    for label, mine, other in zip(("simple", "weighted"), scores(ours), scores(theirs), strict=True):
        print(f"| {label} ({len(ours)}) | {mine:.3f} | {other:.3f} |")


def main(arguments: list[str]) -> int:
    """Score the benchmark's folder, or load any other."""
    if len(arguments) == 2 and (Path(arguments[0]) / "clean").is_dir():
        original(Path(arguments[0]), Path(arguments[1]))
        return 0
    return loading.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
