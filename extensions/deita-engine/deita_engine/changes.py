"""What a statement did to the rows of its table: how many it inserted, updated and deleted.

DuckDB's own count says neither which of them a MERGE did, nor how many rows there really were where two rows of the
source meet the same one. The files of the commit do: those that it added hold the rows that are new or updated, and
what is missing from the sum is gone or updated.
"""

from __future__ import annotations

import itertools

from .guard import Judged
from .tokens import tokenize

Changes = dict[str, int]
NOTHING: Changes = {"inserted": 0, "updated": 0, "deleted": 0}


def row_changes(judged: Judged, before: int, added: int, after: int) -> Changes:
    """`{inserted, updated, deleted}` of a judged INSERT, UPDATE, DELETE or MERGE.

    `before` and `after` are the table's rows, `added` those in the files that its commit added.
    """
    removed = before + added - after
    if judged.type == "UPDATE" or (judged.type == "MERGE_INTO" and _updates(judged.sql)):
        return {**NOTHING, "inserted": added - removed, "updated": removed}
    return {**NOTHING, "inserted": added, "deleted": removed}


def _updates(sql: str) -> bool:
    """Whether a MERGE updates rows; then it deletes none, since the lake takes but one of both."""
    return any(one.word == "THEN" and two.word == "UPDATE" for one, two in itertools.pairwise(tokenize(sql)))
