"""The words that the front ends quote are those that the engine keeps for itself."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

SOURCE = Path(__file__).parents[1] / "front" / "src" / "keywords.ts"


def test_every_word_that_duckdb_reserves_is_quoted_and_no_other() -> None:
    sql = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
    with duckdb.connect() as connection:
        reserved = {name for (name,) in connection.execute(sql).fetchall()}
    listed = re.search(r"`(.+)`", SOURCE.read_text(), re.DOTALL)
    assert listed is not None
    assert set(listed[1].split()) == reserved
