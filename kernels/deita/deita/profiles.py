"""What the columns of a table hold, at a glance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from deita import rendering

BLOCKS = "▁▂▃▄▅▆▇█"
HEAD = (
    ("column", "VARCHAR"),
    ("type", "VARCHAR"),
    ("nulls", "BIGINT"),
    ("distinct", "BIGINT"),
    ("min", "VARCHAR"),
    ("median", "VARCHAR"),
    ("max", "VARCHAR"),
    ("mean", "DOUBLE"),
    ("distribution", "VARCHAR"),
    ("most frequent", "VARCHAR"),
)


@dataclass(frozen=True)
class ColumnProfile:
    """What one column holds: values as in JSON answers. `count` is without nulls; `quantiles` has the keys 0.25, 0.5
    and 0.75 and is None for types without a number line; `top` is `{value, count}`, `histogram` `{from, to, count}`.
    """

    name: str
    type: str
    count: int
    nulls: int
    distinct: int
    distinct_is_approximate: bool
    min: Any
    max: Any
    mean: Any
    quantiles: Mapping[str, Any] | None
    top: tuple[Mapping[str, Any], ...]
    histogram: tuple[Mapping[str, Any], ...]


class Profile:
    """The profile of a table version, or of a result (`table` and `version` are None then).

    >>> profile = ws.table("flights").profile()
    >>> profile["dep_delay"].nulls, profile["dep_delay"].quantiles["0.5"]
    (8255, -2)
    """

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.table: str | None = body.get("table")
        self.version: int | None = body.get("version")
        self.rows: int = body["rows"]
        self.columns = tuple(_column(column) for column in body["columns"])

    def __getitem__(self, name: str) -> ColumnProfile:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __iter__(self) -> Iterator[ColumnProfile]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def _foot(self) -> str:
        rows, columns = f"{self.rows:,} row{'' if self.rows == 1 else 's'}", len(self.columns)
        whose = f"{self.table} · version {self.version} · " if self.table else ""
        return f"{whose}{rows} · {columns} column{'' if columns == 1 else 's'}"

    def _repr_html_(self) -> str:
        return rendering.html_table(HEAD, rows_of(self), self._foot)

    def __repr__(self) -> str:
        return rendering.text_table(HEAD, rows_of(self), self._foot)


def rows_of(profile: Profile) -> list[list[Any]]:
    """A row of `HEAD` for each column."""
    return [_row(column) for column in profile]


def _column(body: Mapping[str, Any]) -> ColumnProfile:
    fields: dict[str, Any] = {name: body.get(name) for name in ColumnProfile.__dataclass_fields__}
    return ColumnProfile(**{**fields, "top": tuple(body["top"]), "histogram": tuple(body["histogram"])})


def _row(column: ColumnProfile) -> list[Any]:
    share = column.nulls / (column.count + column.nulls) if column.nulls else 0
    top = ", ".join(rendering.cell_text(item["value"]) for item in column.top[:3])
    mean = round(column.mean, 4) if isinstance(column.mean, float) else column.mean
    return [
        column.name,
        column.type,
        f"{share:.1%}" if column.nulls else "0",
        f"{'≈ ' if column.distinct_is_approximate else ''}{column.distinct:,}",
        _text(column.min),
        _text((column.quantiles or {}).get("0.5")),
        _text(column.max),
        _text(mean),
        spark([int(item["count"]) for item in column.histogram]),
        top,
    ]


def _text(value: Any) -> str:
    return "" if value is None else rendering.cell_text(value)


def spark(counts: list[int]) -> str:
    """Counts as a line of blocks; what is there at all is never the lowest.

    >>> spark([0, 1, 50, 100])
    '▁▂▅█'
    """
    most = max(counts, default=0)
    return "".join(BLOCKS[max(round(count / most * 7), 1) if count else 0] for count in counts) if most else ""
