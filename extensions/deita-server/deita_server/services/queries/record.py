"""What the server knows of one query: live while its run is, and as plain values once it is over."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from deita_server import cursors
from deita_server.clock import now
from deita_server.errors import DeitaError, embedded

from .parents import NONE, Parents

if TYPE_CHECKING:
    from deita_engine.client import Run

FIRST_PAGE = 1000


@dataclass
class QueryRecord:
    """A query. `outcome` is None until it is over; it is what is written down and read again after a restart.

    `provenance` is what a receipt needs besides, to be followed and to be run again (see `receipts.provenance_of`);
    `asker` is whose query it is: of more than one person on a dashboard server; nobody's are those of before that.
    `rerun` is the query that this one repeats (see `services.receipts.reruns`), `saved_query` the saved one that it is.
    """

    id: str
    sql: str
    params: dict[str, Any]
    mode: str
    request_id: str
    started_at: str = field(default_factory=now)
    as_of: dict[str, int] | str | None = None
    limit: int | None = None
    rerun: dict[str, Any] | None = None
    provenance: dict[str, Any] | None = None
    saved_query: dict[str, Any] | None = None
    param_types: dict[str, str] = field(default_factory=dict)
    parents: Parents = NONE
    asker: str = ""
    run: Run | None = None
    outcome: dict[str, Any] | None = None
    first_page: bytes | None = None
    promised: bool = False
    over: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """The contract's state."""
        if self.outcome:
            return str(self.outcome["state"])
        return self.run.state if self.run and self.run.state not in ("done", "failed", "cancelled") else "running"

    @property
    def is_under_way(self) -> bool:
        """Whether it is not over, or not written down yet."""
        return self.over is not None and not self.over.done()

    @property
    def place(self) -> tuple[str, str]:
        """Where it stands in the history."""
        return self.started_at, self.id

    @property
    def facts(self) -> dict[str, Any]:
        """Return everything but the rows, as it stands now."""
        if self.outcome:
            return self.outcome
        assert self.run is not None
        return _facts(self.run, self.state, None, None)

    def end(self, receipt: dict[str, Any], provenance: dict[str, Any]) -> None:
        """Turn the run's outcome into plain values and let the run go."""
        self.provenance = provenance
        run = self.run
        assert run is not None
        error = embedded(run.error, self.request_id) if run.error else None
        self.outcome = _facts(run, run.state, receipt if run.state == "done" else None, error)
        self.outcome["finished_at"] = receipt["finished_at"]
        self.first_page = run.first_page
        self.run = None

    def interrupt(self) -> None:
        """End a query whose server is gone: it was promised and never came."""
        error = DeitaError("interrupted", "The server stopped while the query was running.", "Run it again.")
        self.outcome = _nothing() | {"error": embedded(error, self.request_id), "finished_at": now()}

    def cancel(self) -> None:
        """End a query that was cancelled before the engine had accepted it."""
        error = DeitaError("query_cancelled", "The query was cancelled.")
        known = {"state": "cancelled", "error": embedded(error, self.request_id), "finished_at": now()}
        self.outcome = _nothing() | known

    def body(self, rows: bytes = b"[]") -> bytes:
        """Return the contract's query body; `rows` is the first page as JSON, spliced in as it came from the engine."""
        facts = self.facts
        done = facts["state"] == "done"
        head = {"id": self.id, "state": facts["state"], "columns": facts["columns"]}
        tail = {
            name: facts[name] for name in ("row_count", "truncated", "elapsed_ms", "statement_type", "receipt", "error")
        }
        tail |= {"progress": facts.get("progress"), "wrote": facts.get("wrote")}
        more = done and facts["row_count"] > FIRST_PAGE
        tail["next"] = cursors.encode(scope(self.id), FIRST_PAGE) if more else None
        return dumped(head)[:-1] + b',"rows":' + (rows if done else b"[]") + b"," + dumped(tail)[1:]

    def summary(self) -> dict[str, Any]:
        """Return the query without columns, rows and receipt."""
        facts = self.facts
        names = ("state", "statement_type", "row_count", "truncated", "elapsed_ms", "error")
        return {
            "id": self.id,
            "sql": self.sql,
            "mode": self.mode,
            **{name: facts[name] for name in names},
            "tables": list((facts["receipt"] or {}).get("tables", ())),
            "rerun_of": self.rerun["of"] if self.rerun else None,
            "started_at": self.started_at,
            "finished_at": facts.get("finished_at"),
        }

    def written(self) -> dict[str, Any]:
        """Return what is kept on disk."""
        return {
            "id": self.id,
            "sql": self.sql,
            "params": self.params,
            "mode": self.mode,
            "request_id": self.request_id,
            "started_at": self.started_at,
            "as_of": self.as_of,
            "limit": self.limit,
            "rerun": self.rerun,
            "provenance": self.provenance,
            "saved_query": self.saved_query,
            "state": self.state,
            "param_types": self.param_types,
            "parents": asdict(self.parents),
            "asker": self.asker,
            "outcome": self.outcome,
        }

    @classmethod
    def read(cls, written: dict[str, Any]) -> QueryRecord:
        """Return the query that was written down."""
        found = {name: value for name, value in written.items() if name != "state"}
        return cls(**{**found, "parents": Parents(**found.get("parents", asdict(NONE)))})


def scope(query_id: str) -> str:
    """Name the list of rows that a cursor of this query's result belongs to."""
    return f"results:{query_id}"


def dumped(value: Any) -> bytes:
    """Return compact JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _nothing() -> dict[str, Any]:
    return {
        "state": "failed",
        "columns": [],
        "row_count": 0,
        "truncated": False,
        "elapsed_ms": 0.0,
        "statement_type": "",
        "receipt": None,
        "wrote": None,
    }


def _facts(run: Run, state: str, receipt: dict[str, Any] | None, error: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "state": state,
        "columns": [{"name": column.name, "type": column.type} for column in run.columns],
        "row_count": run.rows,
        "truncated": run.truncated,
        "elapsed_ms": round(run.elapsed_ms, 3),
        "statement_type": run.statement_type,
        "receipt": receipt,
        "progress": 1.0 if state == "done" else None if run.is_over else run.progress or None,
        "wrote": _wrote(run) if state == "done" else None,
        "error": error,
    }


def _wrote(run: Run) -> dict[str, Any] | None:
    """What a statement that writes did: to which version of which table, and to how many of its rows."""
    if run.wrote is None:
        return None
    commit = run.commit
    version, operation = (commit.version, commit.operation) if commit else (None, None)
    return {**run.wrote, "version": version, "operation": operation}
