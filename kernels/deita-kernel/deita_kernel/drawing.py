"""Charts as SVG, drawn from the data plane's points with nothing but strings: no plotting library to wait for.

Colours of text and axes are the page's own, those of the data a set that colour-blind people can tell apart
(Okabe and Ito). Everything that comes from data is escaped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from deita_kernel.axes import Axis, Number, axis_of, number_text

KINDS = ("bar", "line", "area", "point")
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#999999")
REST = "#777777"
WIDTH, HEIGHT = 640, 320
LEFT, RIGHT, TOP, BOTTOM = 64, 40, 30, 44
NAMED_POINTS = 300
"""Up to so many points each says its values when the pointer rests on it; beyond, an output would grow large."""

Point = tuple[float, float, Mapping[str, Any]]


def drawn(chart: Mapping[str, Any], kind: str) -> dict[str, str]:
    """A chart of `GET /queries/{id}/chart` as a MIME bundle of HTML and words."""
    points = [point for point in chart["points"] if _number(point["y"]) is not None]
    title = _title(chart, kind, len(points))
    if not points:
        return {"text/plain": f"{title}: nothing to draw."}
    series = _series(points)
    across = axis_of(chart["x"], points, (LEFT, WIDTH - RIGHT), padded=kind == "bar")
    up = Number(_extent(points, series, kind), (HEIGHT - BOTTOM, TOP))
    marks = _marks(kind, series, across, up)
    body = "".join((_grid(across, up, chart), marks))
    legend = _legend(chart, list(series))
    svg = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width:100%;height:auto" role="img"'
        f' aria-label="{escape(title)}" font-family="system-ui,sans-serif" font-size="12" fill="currentColor">'
        f"{body}</svg>"
    )
    html = f'<div class="deita-chart">{svg}{legend}<div style="opacity:.6">{escape(_left_out(chart))}</div></div>'
    return {"text/plain": title, "text/html": html}


def _series(points: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for point in points:
        name = "other" if point.get("other_color") else number_text(point.get("color"))
        found.setdefault(name, []).append(point)
    return found


def _extent(
    points: Sequence[Mapping[str, Any]], series: Mapping[str, Sequence[Mapping[str, Any]]], kind: str
) -> tuple[float, float]:
    """The bounds of the y axis: bars and areas stand on zero, and bars of one place on each other."""
    values = [_number(point["y"]) or 0.0 for point in points]
    if kind == "bar" and len(series) > 1:
        above: dict[str, float] = {}
        below: dict[str, float] = {}
        for point, value in zip(points, values, strict=True):
            side = above if value > 0 else below
            place = f"{point.get('other')}{point['x']}"
            side[place] = side.get(place, 0.0) + value
        values = [*above.values(), *below.values(), 0.0]
    if kind in ("bar", "area"):
        values.append(0.0)
    return min(values), max(values)


def _marks(kind: str, series: Mapping[str, Sequence[Mapping[str, Any]]], across: Axis, up: Number) -> str:
    named = sum(map(len, series.values())) <= NAMED_POINTS
    parts: list[str] = []
    stacked: dict[tuple[float, bool], float] = {}
    for index, points in enumerate(series.values()):
        color = COLORS[index] if index < len(COLORS) else REST
        placed = [(across.place(point), _number(point["y"]) or 0.0, point) for point in points]
        if kind == "bar":
            parts += [_bar(place, across.width, up, color, stacked, named) for place in placed]
        elif kind == "point":
            parts.append(_dots([(x, up.at(y), point) for x, y, point in placed], color, named, 5))
        else:
            parts.append(_line([(x, up.at(y), point) for x, y, point in placed], color, up.at(0), kind == "area"))
            if named:
                parts.append(_dots([(x, up.at(y), point) for x, y, point in placed], color, named, 4))
    return "".join(parts)


def _bar(
    mark: Point, width: float, up: Number, color: str, stacked: dict[tuple[float, bool], float], named: bool
) -> str:
    x, value, point = mark
    start = stacked.get((x, value >= 0), 0.0)
    stacked[x, value >= 0] = start + value
    top, bottom = sorted((up.at(start), up.at(start + value)))
    title = f"<title>{_words(point)}</title>" if named else ""
    return (
        f'<rect x="{x - width / 2:.1f}" y="{top:.1f}" width="{width:.1f}" height="{bottom - top:.1f}" fill="{color}">'
        f"{title}</rect>"
    )


def _line(points: Sequence[Point], color: str, base: float, filled: bool) -> str:
    path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y, _ in points)
    line = f'<path d="{path}" fill="none" stroke="{color}" stroke-width="2" stroke-linejoin="round"/>'
    if not filled:
        return line
    area = f"{path}L{points[-1][0]:.1f},{base:.1f}L{points[0][0]:.1f},{base:.1f}Z"
    return f'<path d="{area}" fill="{color}" fill-opacity=".25"/>{line}'


def _dots(points: Sequence[Point], color: str, named: bool, size: float) -> str:
    if named:
        return "".join(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size / 2}" fill="{color}"><title>{_words(point)}</title></circle>'
            for x, y, point in points
        )
    path = "".join(f"M{x:.1f},{y:.1f}h0" for x, y, _ in points)
    return f'<path d="{path}" stroke="{color}" stroke-width="{size}" stroke-linecap="round" stroke-opacity=".6"/>'


def _grid(across: Axis, up: Number, chart: Mapping[str, Any]) -> str:
    parts = []
    for value in up.ticks():
        y = f"{up.at(value):.1f}"
        parts.append(f'<path d="M{LEFT},{y}H{WIDTH - RIGHT}" stroke="currentColor" stroke-opacity=".15"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y}" dy=".35em" text-anchor="end">{escape(number_text(value))}</text>')
    for x, text in across.ticks():
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{escape(text)}</text>')
    middle, bottom = (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 6
    parts.append(
        f'<text x="{middle}" y="{bottom}" text-anchor="middle" opacity=".7">{escape(chart["x"]["name"])}</text>'
    )
    parts.append(f'<text x="4" y="12" opacity=".7">{escape(measure_text(chart["y"]))}</text>')
    return "".join(parts)


def _legend(chart: Mapping[str, Any], names: Sequence[str]) -> str:
    if not chart.get("color"):
        return ""
    keys = "".join(
        f'<span style="margin-right:12px"><span style="color:{COLORS[index] if index < len(COLORS) else REST}">■</span>'
        f" {escape(name)}</span>"
        for index, name in enumerate(names)
    )
    return f"<div>{keys}</div>"


def _left_out(chart: Mapping[str, Any]) -> str:
    left_out = chart.get("left_out") or {}
    words = []
    if count := left_out.get("without_place"):
        words.append(f"{count:,} rows have no {chart['x']['name']}")
    if count := left_out.get("by_sampling"):
        words.append(f"a sample: {count:,} rows are not drawn")
    return " · ".join(words)


def measure_text(measure: Mapping[str, Any]) -> str:
    """What is drawn, in words: `sum of price`, `price`, `rows`."""
    if measure["aggregate"] == "none":
        return str(measure["name"])
    return "rows" if measure["name"] is None else f"{measure['aggregate']} of {measure['name']}"


def _title(chart: Mapping[str, Any], kind: str, count: int) -> str:
    color = f", by {chart['color']['name']}" if chart.get("color") else ""
    of = f"{measure_text(chart['y'])} by {chart['x']['name']}{color}"
    return f"{kind.capitalize()} chart: {of} · {count:,} point{'' if count == 1 else 's'}"


def _words(point: Mapping[str, Any]) -> str:
    end = f" – {number_text(point['x_end'])}" if point.get("x_end") is not None else ""
    x = "other" if point.get("other") else number_text(point["x"]) + end
    color = f" · {number_text(point['color'])}" if point.get("color") is not None else ""
    return escape(f"{x}{color}: {number_text(point['y'])}")


def _number(value: Any) -> float | None:
    """A value of the y axis; None for what is no number. Decimals and large integers come as text."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None
