from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deita_engine.formats import careful, csv_recipe
from deita_engine.formats.unpack import Packing
from deita_engine.shapes import EngineError

from bench.pollution import Polluted, corpus
from bench.scoring import measures, scores

EVERY = 10
FILES = list(corpus(every=EVERY))
LEAST = {"row_less_sep_row0": 9.3}
"""A header whose delimiter is gone cannot be told from one of a table whose rows all end with a delimiter."""


def read(file: Path, folder: Path) -> tuple[list[list[str]], int]:
    """The rows as texts, the header first when there is one, and how many records were refused."""
    try:
        recipe = csv_recipe.find(file, Packing(), "utf-8", {}).recipe
    except EngineError as error:
        assert error.code == "file_empty"
        return [], 0
    texts = careful.cut(file, recipe, folder, lambda: None)
    table = pq.read_table(texts.path).select(range(len(recipe["columns"])))
    rows = [list(row.values()) for row in table.to_pylist()] if table.num_rows else []
    assert texts.rows == len(rows)
    header = [list(recipe["columns"])] if recipe["header"] else []
    return header + rows, texts.rejected


@pytest.mark.parametrize("polluted", FILES, ids=lambda polluted: polluted.name)
def test_a_polluted_file_is_read_as_the_table_it_stands_for(polluted: Polluted, tmp_path: Path) -> None:
    file = tmp_path / "polluted.csv"
    file.write_bytes(polluted.content)
    rows, refused = read(file, tmp_path)
    least = next((score for name, score in LEAST.items() if polluted.name.startswith(name)), 9.9)
    assert sum(measures(polluted.truth, rows)) >= least
    if polluted.truth and "multitable" not in polluted.name:
        assert len(rows) + refused == len(polluted.truth)


def test_the_scores_reach_what_nobody_else_reaches_without_parameters(tmp_path: Path) -> None:
    file, points = tmp_path / "polluted.csv", {}
    for polluted in FILES:
        file.write_bytes(polluted.content)
        points[polluted.name] = sum(measures(polluted.truth, read(file, tmp_path)[0]))
    simple, weighted = scores(points, EVERY)
    assert simple >= 9.95
    assert weighted >= 9.9


def test_the_same_recipe_cuts_the_same_rows(tmp_path: Path) -> None:
    file = tmp_path / "polluted.csv"
    for polluted in FILES[22::30]:
        file.write_bytes(polluted.content)
        recipe = csv_recipe.find(file, Packing(), "utf-8", {}).recipe
        again = csv_recipe.find(file, Packing(), "utf-8", json.loads(json.dumps(recipe))).recipe
        assert again == recipe
