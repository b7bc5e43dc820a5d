"""How far a long query is: a line that appears after a second, changes as it goes on, and ends as the result itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from deita.rendering import duration

WORDS = {"queued": "Waiting for a place", "running": "Running", "cancelling": "Stopping"}
Send = Callable[[str, dict[str, Any]], None]


class Progress:
    """The display of one statement after the other. `send(message type, content)` publishes on IOPub."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._transient = {"display_id": uuid.uuid4().hex}
        self.is_shown = False

    def watch(self, body: Mapping[str, Any]) -> None:
        """Show how far the query is; the data plane tells for the first time after a second."""
        self._publish(bundle_of(body))
        self.is_shown = True

    def become(self, data: Mapping[str, Any]) -> None:
        """Put what came out in its place; the next statement has a display of its own."""
        self._publish(data)
        self._transient, self.is_shown = {"display_id": uuid.uuid4().hex}, False

    def stop(self, words: str) -> None:
        """Say that nothing comes any more, if anything was shown."""
        if self.is_shown:
            self._publish({"text/plain": words})

    def _publish(self, data: Mapping[str, Any]) -> None:
        kind = "update_display_data" if self.is_shown else "display_data"
        self._send(kind, {"data": dict(data), "metadata": {}, "transient": self._transient})


def bundle_of(body: Mapping[str, Any]) -> dict[str, str]:
    """A query under way in words: `Running · 45 % · 12.0 s · 81,920 rows so far`."""
    words = WORDS.get(body["state"], body["state"])
    if share := body.get("progress"):
        words += f" · {int(share * 100)} %"
    words += f" · {duration(body.get('elapsed_ms') or 0)}"
    if rows := body.get("row_count"):
        words += f" · {rows:,} rows so far"
    return {"text/plain": words, "text/html": f'<div style="opacity:.7" role="status">{escape(words)}</div>'}
