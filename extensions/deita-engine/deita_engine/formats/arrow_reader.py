"""The process that reads one Arrow file: checks every batch in full and writes it as c0, c1… for DuckDB to map."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.types as pt

from deita_engine.shapes import EngineError

from .answering import answering
from .labels import unique_labels


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """`{labels}`; the rows (the first `rows` of them) are in the folder's `rows.arrow`."""
    path, limit = Path(request["path"]), request["rows"]
    try:
        schema, batches = _opened(path)
        kinds = [_held(field.type) for field in schema]
        plain = pa.schema([(f"c{number}", kind) for number, kind in enumerate(kinds)])
        with pa.ipc.new_stream(Path(request["folder"]) / "rows.arrow", plain) as out:
            left = limit
            for batch in batches:
                batch.validate(full=True)
                taken = batch if left is None else batch.slice(0, left)
                out.write_batch(_plain(taken, plain))
                left = None if left is None else left - taken.num_rows
                if left == 0:
                    break
    except pa.ArrowException as error:
        message = "The Arrow file is damaged, ends too early or has a type that cannot be read."
        raise EngineError("file_unreadable", message) from error
    return {"labels": unique_labels(schema.names)}


def _opened(path: Path) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    with path.open("rb") as file:
        head = file.read(8)
    source = pa.memory_map(str(path))
    if head.startswith(b"ARROW1"):
        file_reader = pa.ipc.open_file(source)
        return file_reader.schema, (file_reader.get_batch(n) for n in range(file_reader.num_record_batches))
    stream = pa.ipc.open_stream(source)
    return stream.schema, iter(stream)


def _held(kind: pa.DataType) -> pa.DataType:
    """The nearest type that DuckDB reads."""
    if isinstance(kind, pa.BaseExtensionType):
        return kind if kind.extension_name in ("arrow.uuid", "arrow.json") else _held(kind.storage_type)
    if pt.is_dictionary(kind) or pt.is_run_end_encoded(kind):
        return _held(kind.value_type)
    if pt.is_float16(kind):
        return pa.float32()
    if pt.is_decimal256(kind):
        return pa.decimal128(kind.precision, kind.scale) if kind.precision <= 38 else pa.string()
    return kind


def _plain(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for column, field in zip(batch.columns, schema, strict=True):
        if isinstance(column, pa.ExtensionArray) and column.type != field.type:
            column = column.storage
        if pt.is_run_end_encoded(column.type):
            column = pa.compute.run_end_decode(column)
        columns.append(column if column.type == field.type else column.cast(field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


if __name__ == "__main__":
    answering(answer)
