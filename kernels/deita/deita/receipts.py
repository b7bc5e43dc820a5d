"""Where a result comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from deita import rendering
from deita.http import path_of

if TYPE_CHECKING:
    from deita.http import Transport

SHORT_HASH = 12
SHORT_SQL = 300
HEAD = (("receipt", "VARCHAR"), ("", "VARCHAR"))


class Receipt(Mapping[str, Any]):
    """What a result was made from, as the data plane says it; shown as a small table.

    >>> result = ws.sql("SELECT count(*) FROM sales")
    >>> result.receipt["tables"]
    {'sales': 3}
    >>> result.receipt.full()["tables"][0]["origins"][0]["file"]
    'sales.csv'
    """

    def __init__(self, transport: Transport, query_id: str, body: Mapping[str, Any]) -> None:
        self._transport, self.query_id, self._body = transport, query_id, body

    def __getitem__(self, name: str) -> Any:
        return self._body[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._body)

    def __len__(self) -> int:
        return len(self._body)

    def full(self) -> Receipt:
        """The receipt with each table's files and recipes, or the queries that made it; waits until a long result is
        hashed. It can still be read when the result is gone.
        """
        return receipt_of(self._transport, self.query_id)

    def _rows(self) -> list[tuple[str, str]]:
        took = [rendering.duration(self._body.get("elapsed_ms") or 0)]
        if self._body.get("cpu_ms") is not None:
            took.append(f"{rendering.duration(self._body['cpu_ms'])} of processor time")
        told = {
            "statement": self._body["sql"][:SHORT_SQL],
            "parameters": ", ".join(f"{name} = {value}" for name, value in self._body["params"].items()),
            "tables": "\n".join(_tables(self._body["tables"])),
            "who, when": f"{self._body['person']}, {self._body['started_at']}",
            "with": self._body["engine"],
            "rows": f"{self._body.get('rows') or 0:,}",
            "took": ", ".join(took),
            "result hash": self._body.get("result_hash") or "not asked for yet: .full()",
            "repeats": _repeated(self._body),
            "query": self.query_id,
        }
        return [(name, text) for name, text in told.items() if text]

    def _repr_html_(self) -> str:
        return rendering.html_table(HEAD, self._rows(), "")

    def __repr__(self) -> str:
        lines = [[name, *text.splitlines()] for name, text in self._rows()]
        width = max(len(name) for name, *_ in lines)
        return "\n".join(f"{name:<{width}}  " + f"\n{'':<{width}}  ".join(texts) for name, *texts in lines)


def receipt_of(transport: Transport, query_id: str) -> Receipt:
    """A query's receipt in full."""
    return Receipt(transport, query_id, transport.get(path_of("queries", query_id, "receipt")))


def _tables(tables: Any) -> Iterator[str]:
    if isinstance(tables, Mapping):
        yield from (f"{name}, version {version}" for name, version in tables.items())
        return
    for table in tables:
        origins = [_origin(origin) for origin in table["origins"]] + ["…"] * table["more"]
        yield f"{table['name']}, version {table['version']}" + (f" ← {', '.join(origins)}" if origins else "")


def _origin(origin: Mapping[str, Any]) -> str:
    if origin["file"]:
        return f"{origin['file']} ({origin['sha256'][:SHORT_HASH]}…)"
    return f"query {origin['query_id']}"


def _repeated(body: Mapping[str, Any]) -> str:
    if not body.get("rerun_of"):
        return ""
    same, alike = body["same_result"], body["alike"]
    told = "same result" if same else ("same but for order or rounding" if alike else "another result")
    return f"query {body['rerun_of']}, {'not compared' if same is None else told}"
