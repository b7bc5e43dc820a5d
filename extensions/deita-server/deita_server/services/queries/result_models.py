"""The shapes of results: pages, profiles, charts, and what may be asked of them."""

from __future__ import annotations

from typing import Any, Literal

from deita_engine.shapes import Aggregate
from pydantic import BaseModel, Field

from deita_server.services.tables.models import ColumnProfile

from .models import ResultColumn


class ResultPage(BaseModel):
    """A page of a result."""

    columns: list[ResultColumn]
    rows: list[list[Any]]
    row_count: int
    next: str | None


class Filtered(BaseModel):
    """Which rows of a result."""

    filter: list[str] = Field(
        default_factory=list,
        max_length=50,
        description="`col:op:value`, may repeat; op is eq, ne, lt, le, gt, ge, in, like, null or notnull.",
    )


class ChartQuery(Filtered):
    """What to draw: `y` aggregated by `x`, and by `color`."""

    x: str = Field(max_length=1000)
    y: str | None = Field(None, max_length=1000, description="Not needed to count.")
    aggregate: Aggregate = Field("count", description="`none` draws rows, or a sample of them.")
    color: str | None = Field(None, max_length=1000)
    bins: int | None = Field(None, ge=2, le=400, description="Places on the x axis: 100, of categories 20.")


class ChartScale(BaseModel):
    """The x axis; `bin` is `{width}` for numbers, `{unit, count}` of the calendar for times, null without bins."""

    name: str
    type: str
    kind: Literal["number", "time", "category"]
    bin: dict[str, Any] | None = None


class ChartMeasure(BaseModel):
    """What is drawn: a column, how it is aggregated, and the type of that."""

    name: str | None
    aggregate: Aggregate
    type: str


class ChartPoint(BaseModel):
    """A point; `other` stands for all x without a place of their own, `other_color` for such colors."""

    x: Any
    x_end: Any = Field(None, description="Where a bin of numbers ends.")
    other: bool = False
    color: Any = None
    other_color: bool = False
    y: Any


class LeftOut(BaseModel):
    """Rows that no point shows."""

    without_place: int = Field(description="Their x is null or infinite.")
    by_sampling: int


class Chart(BaseModel):
    """Points that are ready to be drawn, at most 5,000, in the order of the x axis."""

    x: ChartScale
    y: ChartMeasure
    color: ResultColumn | None
    points: list[ChartPoint]
    row_count: int = Field(description="How many rows pass the filters.")
    left_out: LeftOut


class ResultProfile(BaseModel):
    """What each column of a result holds."""

    query: str
    rows: int
    columns: list[ColumnProfile]


class ResultsQuery(Filtered):
    """Which rows in which order; which page of them, or which format of all."""

    cursor: str | None = None
    limit: int = Field(1000, ge=1, le=10_000)
    order: str = Field("", max_length=4000, description="`col,-col`: by these columns, `-` for descending.")
    format: str | None = Field(None, description="All of the result: arrow, parquet, csv, ndjson, json or xlsx.")
    raw: bool = Field(False, description="In CSV and Excel, leave texts that would run as formulas as they are.")
    name: str | None = Field(None, max_length=200, description="What a browser calls the file, without its ending.")
