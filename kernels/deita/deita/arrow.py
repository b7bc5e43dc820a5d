"""A result as Arrow: mapped into memory when its file lies on this machine, streamed over HTTP when it does not.

The server writes a result as an uncompressed Arrow IPC stream into the spool before it says `done`, so a kernel of the
same server reads it without a copy. A stream that ends early looks like a short result, so rows are always counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import urllib3

from deita.errors import DeitaError, ResultIncomplete
from deita.http import Transport, path_of

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

Selection = Mapping[str, Any]
"""`order` and `filter` as the address of a result takes them."""
NO_SELECTION: Selection = MappingProxyType({})
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1


def need(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to get it."""
    import importlib

    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise DeitaError(
            "package_missing", f"This needs {module}, which is not installed.", f"pip install 'deita[{extra}]'"
        ) from error


def table_of(frame: pandas.DataFrame | polars.DataFrame | pyarrow.Table) -> pyarrow.Table:
    """Turn a data frame into an Arrow table without metadata; a pandas index is left behind."""
    arrow = need("pyarrow", "arrow")
    convert = getattr(type(frame), "to_arrow", None)  # polars
    if convert is not None:
        table = convert(frame)
    elif isinstance(frame, arrow.Table):
        table = frame
    else:
        table = arrow.Table.from_pandas(frame, preserve_index=False)
    return table.replace_schema_metadata(None)


def read_batches(
    transport: Transport, query_id: str, row_count: int, spool: Path | None, selection: Selection = NO_SELECTION
) -> Iterator[pyarrow.RecordBatch]:
    """Yield the batches of a finished query. Raises ResultIncomplete when they hold other than `row_count` rows."""
    seen = 0
    with _open(transport, query_id, spool, selection) as reader:
        for batch in _until_cut(reader):
            seen += batch.num_rows
            yield batch
    if seen != row_count:
        raise _incomplete(seen, row_count)


def read_table(
    transport: Transport, query_id: str, row_count: int, spool: Path | None, selection: Selection = NO_SELECTION
) -> pyarrow.Table:
    """Read the whole result; its columns point into the mapped file where there is one."""
    arrow = need("pyarrow", "arrow")
    with _open(transport, query_id, spool, selection) as reader:
        table = arrow.Table.from_batches(list(_until_cut(reader)), reader.schema)
    if table.num_rows != row_count:
        raise _incomplete(table.num_rows, row_count)
    return table


def plain_numbers(table: pyarrow.Table) -> pyarrow.Table:
    """Decimals as float64, those without digits after the point as int64 where they fit."""
    arrow = need("pyarrow", "arrow")
    for index, field in enumerate(table.schema):
        if arrow.types.is_decimal(field.type):
            column = table.column(index)
            whole = field.type.scale == 0 and _fits_int64(column)
            table = table.set_column(index, field.name, column.cast(arrow.int64() if whole else arrow.float64()))
    return table


@contextmanager
def _open(
    transport: Transport, query_id: str, spool: Path | None, selection: Selection
) -> Iterator[pyarrow.RecordBatchStreamReader]:
    arrow = need("pyarrow", "arrow")
    file = spool / f"{query_id}.arrow" if spool and not selection else None
    if file is not None and file.is_file():
        with arrow.memory_map(str(file)) as source:
            yield arrow.ipc.open_stream(source)
        return
    with transport.stream(path_of("queries", query_id, "results"), {**selection, "format": "arrow"}) as response:
        response.auto_close = False  # type: ignore[attr-defined]  # pyarrow asks once more after the last byte
        try:
            reader = arrow.ipc.open_stream(response)
        except (arrow.ArrowInvalid, urllib3.exceptions.HTTPError) as error:
            raise _incomplete(0, None) from error
        yield reader


def _until_cut(reader: pyarrow.RecordBatchStreamReader) -> Iterator[pyarrow.RecordBatch]:
    arrow = need("pyarrow", "arrow")
    try:
        yield from reader
    except (arrow.ArrowInvalid, OSError, urllib3.exceptions.HTTPError) as error:
        raise _incomplete(None, None) from error


def _incomplete(seen: int | None, expected: int | None) -> ResultIncomplete:
    counts = f" after {seen:,} of {expected:,} rows" if seen is not None and expected is not None else ""
    return ResultIncomplete("result_incomplete", f"The result broke off{counts}.", "Fetch it again.")


def _fits_int64(column: pyarrow.ChunkedArray) -> bool:
    edges = need("pyarrow.compute", "arrow").min_max(column).as_py().values()
    return all(edge is None or INT64_MIN <= edge <= INT64_MAX for edge in edges)
