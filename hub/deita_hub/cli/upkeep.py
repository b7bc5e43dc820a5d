"""`deita workspace upkeep`: what is due in a workspace's storage, done now by a person's server in it."""

from __future__ import annotations

from typing import Any

import click

from deita_hub.cli.output import answer, as_option, json_option
from deita_hub.cli.running import running

UPKEEP_SECONDS = 900


@click.command("upkeep")
@click.argument("slug")
@as_option
@json_option
def command(slug: str, person: str, as_json: bool) -> None:
    """Compact a workspace's tables and delete what nothing needs any more. Starts the person's server."""
    deita = running()
    deita.allow(person)
    path = deita.data_plane(person, slug)
    token = deita.token(person, "deita command line", UPKEEP_SECONDS)
    upkeep = deita.ask("POST", f"{path}/workspace/upkeep", (200,), token=token, seconds=UPKEEP_SECONDS)
    answer(as_json, upkeep, _told(upkeep["did"]))


def _told(did: dict[str, Any]) -> str:
    files = did["files"] + did["orphans"] + did.get("uploads", 0) + did.get("rejects", 0)
    return f"{did['tables']} tables compacted, {did['snapshots']} old versions forgotten, {files} files deleted."
