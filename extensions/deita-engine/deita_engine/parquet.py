"""A result as Parquet, by Arrow's own writer: row group after row group, on one thread, in as much memory as one needs.

DuckDB's COPY from the same Arrow stream takes 2.5 times the processor time, much of it for dictionaries of columns
whose values hardly repeat; here the first row group says which columns get one. COPY still writes the types that this
writer does not know (see `fits`). (Tried: COPY from an Arrow table or a dataset in place of a stream, so that several
threads scan it: 61 % of the rate of a COPY from the lake's own files, against 50 %.)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

ROW_GROUP_ROWS = 122_880
ROW_GROUP_BYTES = 64 * 1024 * 1024
REPEATS = 4
"""How often a value must occur on average for a dictionary to be worth its while."""


def fits(kind: pa.DataType) -> bool:
    """Whether Arrow's writer keeps all that DuckDB's would of a column of this type."""
    if isinstance(kind, pa.BaseExtensionType) or pt.is_interval(kind) or pt.is_union(kind):
        return False
    return all(fits(kind.field(place).type) for place in range(kind.num_fields))


def write_parquet(
    reader: pa.RecordBatchReader, target: Path, check: Callable[[], None], grow: Callable[[int], None]
) -> None:
    """Write the rows of columns whose names differ. `check` is called now and then and may raise, `grow` is told how
    many bytes are there.
    """
    groups = _groups(reader, check)
    first = next(groups, reader.schema.empty_table())
    dictionaries: bool | list[str] = [name for name in first.column_names if _repeats(first[name])]
    if any(field.type.num_fields for field in first.schema):  # their parts have other names
        dictionaries = True
    options = {"use_dictionary": dictionaries, "store_decimal_as_integer": True, "store_schema": False}
    with pa.OSFile(str(target), "wb") as out, pq.ParquetWriter(out, first.schema, **options) as writer:
        for group in itertools.chain([first], groups):
            if group.num_rows:
                writer.write_table(group)
                grow(out.tell())


def _groups(reader: pa.RecordBatchReader, check: Callable[[], None]) -> Iterator[pa.Table]:
    batches: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in reader:
        check()
        batches.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
        if rows >= ROW_GROUP_ROWS or size >= ROW_GROUP_BYTES:
            yield pa.Table.from_batches(batches)
            batches, rows, size = [], 0, 0
    if batches:
        yield pa.Table.from_batches(batches)


def _repeats(column: pa.ChunkedArray) -> bool:
    if column.type.num_fields or pt.is_dictionary(column.type):
        return True
    return bool(pc.count_distinct(column, mode="all").as_py() * REPEATS <= len(column))
