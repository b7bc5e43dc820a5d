from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deita_engine.formats.registry import Limits, module_of, opened

Preview = Callable[..., dict[str, Any]]


class Work:
    """An operation that nobody interrupts."""

    def check(self) -> None:
        pass

    def uses(self, connection: duckdb.DuckDBPyConnection | None) -> None:
        pass


@pytest.fixture
def previewed(tmp_path: Path) -> Preview:
    def preview(file: Path, **recipe: Any) -> dict[str, Any]:
        with opened(Work(), file, recipe, tmp_path / "temporary", Limits(1024**3, 2)) as reading:
            found = module_of(reading).preview(reading)
        assert list((tmp_path / "temporary").glob("reading-*/plain")) == []
        return found

    return preview


def test_a_csv_is_shown_with_its_first_rows_and_its_raw_lines(previewed: Preview, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("Größe (cm),Day\n" + "170,2024-01-01\n" * 99)
    found = previewed(file)
    preview = found["preview"]
    assert preview["columns"][0] == {"name": "grosse_cm", "label": "Größe (cm)", "type": "BIGINT"}
    assert (len(preview["rows"]), preview["rows"][0]) == (50, [170, "2024-01-01"])
    assert (len(preview["raw"]), preview["raw"][0]) == (30, "Größe (cm),Day")
    again = previewed(file, **found["recipe"])
    assert (again["recipe"], again["preview"]["rows"]) == (found["recipe"], preview["rows"])


def test_a_parquet_file_is_shown_with_its_types(previewed: Preview, tmp_path: Path) -> None:
    pq.write_table(pa.table({"Id": pa.array([2**60], pa.int64())}), tmp_path / "p.parquet")
    preview = previewed(tmp_path / "p.parquet")["preview"]
    assert (preview["rows"], preview["raw"]) == ([[str(2**60)]], None)
    assert preview["columns"] == [{"name": "id", "label": "Id", "type": "BIGINT"}]
