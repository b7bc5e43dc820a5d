"""Loading a CSV file: the fast reader where every row is regular, the careful one for everything else.

`strict` in the recipe says which: true makes each row that is not regular a reject, false has it repaired where one way
is clearly right. When nobody said it and the fast reader meets a row that it cannot explain, the careful reader starts
over.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import careful_loading, csv, csv_recipe
from .careful import cut
from .csv_tail import without_footer
from .detect import HEAD
from .encoding import Encoding, encoding_of, text_codec
from .fast_loading import FastLoading
from .plan import Outcome, Plan, Reading, Target
from .previews import ODD_ROWS, RAW_CHARACTERS, RAW_LINES, choice, preview_of
from .transcoding import utf8_file

PREVIEWED_ROWS = 20_000


def load(reading: Reading, target: Target) -> Outcome:
    """Read the file; raises EngineError file_unreadable, bad_recipe, line_too_long."""
    readable, _, found = _found(reading)
    fixed = frozenset(reading.given.get("columns", ())) | ({"null_words"} & set(reading.given))
    recipe = found.recipe
    if recipe["strict"]:
        table = without_footer(readable, recipe["footer"], reading.folder, reading.check)
        if table and (outcome := FastLoading(reading, table, recipe, fixed).outcome(target)):
            return outcome
        recipe = {**recipe, "strict": False}
    texts = cut(readable, recipe, reading.folder, reading.check)
    reading.check()
    return careful_loading.load_texts(reading.connection, texts, recipe, fixed, target)


def preview(reading: Reading) -> dict[str, Any]:
    """The first rows as the recipe reads them; raises EngineError as `load` does."""
    readable, encoding, found = _found(reading)
    with readable.open("rb") as file:
        lines = file.read(RAW_LINES * RAW_CHARACTERS).decode("utf-8-sig", "replace").splitlines()
    recipe = found.recipe
    odd: list[dict[str, Any]] = []
    if recipe["strict"] and readable.stat().st_size > csv_recipe.WHOLE:
        plan = csv.plan(readable, recipe, without_misfits=True)
    else:
        plan, odd = _careful_preview(reading, readable, recipe)
    said = "encoding" in reading.given
    alternatives = [{"value": name, "reason": "decodes, too"} for name in encoding.alternatives]
    first = choice("encoding", recipe["encoding"], 1.0 if said else encoding.confidence, encoding.reason, alternatives)
    choices = [first, *found.choices]
    confidence = min(item["confidence"] for item in choices)
    return preview_of(
        reading.connection, plan, raw=lines, odd=odd, choices=choices, others=found.others, confidence=confidence
    )


def _careful_preview(reading: Reading, readable: Path, recipe: dict[str, Any]) -> tuple[Plan, list[dict[str, Any]]]:
    texts = cut(readable, recipe, reading.folder, reading.check, PREVIEWED_ROWS)
    fixed = frozenset(reading.given.get("columns", ())) | ({"null_words"} & set(reading.given))
    recipe = careful_loading.bettered(reading.connection, texts, recipe, fixed)
    odd = list(texts.repaired[:ODD_ROWS])
    for reject, _ in zip(careful_loading.all_rejects(reading.connection, texts, recipe), range(ODD_ROWS), strict=False):
        odd.append(reject)
    return careful_loading.plan_of(texts, recipe), sorted(odd, key=lambda item: int(item["line"]))[:ODD_ROWS]


def _found(reading: Reading) -> tuple[Path, Encoding, csv_recipe.Found]:
    """The file as UTF-8, its encoding and its complete recipe."""
    encoding = _encoding(reading.path, reading.given)
    readable = utf8_file(reading, encoding.name)
    return readable, encoding, csv_recipe.find(readable, reading.packing, encoding.name, reading.given, reading.check)


def _encoding(path: Path, given: dict[str, Any]) -> Encoding:
    said = given.get("encoding")
    if not said:
        with path.open("rb") as file:
            return encoding_of(file.read(HEAD))
    return Encoding(text_codec(said), 1.0, "given")
