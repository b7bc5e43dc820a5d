"""Follow an import to its end; whoever stops waiting stops the import."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from deita.errors import DeitaError, from_shape
from deita.http import Transport, path_of
from deita.progress import Progress, quiet

OVER = frozenset({"done", "failed", "cancelled", "needs_review"})
POLL_MS = 500
PAUSE_S = 0.02  # where a data plane answers at once instead of waiting


@dataclass(frozen=True)
class Reject:
    """A row that did not fit: where it stands in the file, as it stands there, and why."""

    line: int | None
    column: str | None
    raw: str | None
    reason: str


@dataclass(frozen=True)
class Import:
    """A file read into a table: `rows` came in, `reject_count` did not; `recipe` says how the file was read, `counts`
    what else is in it, so that `total` = rows + rejects + the other counts.
    """

    id: str
    state: str
    file: str
    table: str
    version: int | None = None
    rows: int = 0
    reject_count: int = 0
    counts: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    progress: float = 0.0
    transport: Transport | None = field(default=None, repr=False, compare=False)

    def rejects(self) -> Iterator[Reject]:
        """Walk through all rows that did not fit, in the file's order.

        >>> [(reject.line, reject.reason) for reject in done.rejects()]
        """
        if self.transport is None or not self.reject_count:
            return
        for item in self.transport.items(path_of("imports", self.id, "rejects"), {"limit": 1000}):
            yield Reject(item["line"], item["column"], item["raw"], item["reason"])

    @classmethod
    def from_body(cls, body: Mapping[str, Any], transport: Transport | None = None) -> Import:
        """Read the data plane's import shape."""
        file = body.get("file")
        return cls(
            id=body["id"],
            state=body["state"],
            file=file["name"] if isinstance(file, Mapping) else str(file),
            table=str(body.get("table")),
            version=body.get("version"),
            rows=int(body.get("rows") or 0),
            reject_count=int(body.get("reject_count") or 0),
            counts=body.get("counts") or {},
            recipe=body.get("recipe") or {},
            progress=float(body.get("progress") or 0),
            transport=transport,
        )


def run_import(
    transport: Transport,
    request: Mapping[str, Any],
    *,
    timeout_s: float | None = None,
    progress: Progress = quiet,
) -> Import:
    """Start an import and wait for it. Raises DeitaError with what is wrong with the file, or `import_timeout`."""
    body: dict[str, Any] = transport.send("POST", "imports", json_body=request)
    path = path_of("imports", body["id"])
    deadline = time.monotonic() + timeout_s if timeout_s is not None else None
    try:
        while body["state"] not in OVER:
            if deadline is not None and time.monotonic() > deadline:
                transport.send("DELETE", path)
                raise DeitaError("import_timeout", "The import took too long and was cancelled.", "Give it more time.")
            progress(f"Importing {body['file']}", float(body.get("progress") or 0))
            time.sleep(PAUSE_S)
            body = transport.get(path, {"wait_ms": POLL_MS})
    except (KeyboardInterrupt, SystemExit):
        with contextlib.suppress(DeitaError):  # the caller is on its way out
            transport.send("DELETE", path, patience_s=5)
        raise
    if body["state"] == "done":
        progress(f"Importing {body['file']}", 1.0)
        return Import.from_body(body, transport)
    raise from_shape(
        body.get("error") or {"code": f"import_{body['state']}", "message": "The import was not finished."}
    )


def reading_again(table: str, source: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The request that reads a table's own file again, with parts of its recipe changed. Raises `not_from_file`."""
    if not source.get("sha256"):
        raise DeitaError("not_from_file", f"{table} was not read from a file.", "Import a file with mode='replace'.")
    before: Mapping[str, Any] = source.get("recipe") or {}
    columns = {**before.get("columns", {}), **recipe.get("columns", {})}
    whole = {**before, **recipe, **({"columns": columns} if "columns" in recipe else {})}
    request = {"file": source["file"], "sha256": source["sha256"], "table": table, "mode": "replace"}
    return {**request, "recipe": whole}
