"""`deita storage harden`: have the bucket keep old versions for a while and end unfinished uploads."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from deita_hub.cli.output import VerbError, answer, here, json_option


@click.group("storage")
def command() -> None:
    """Look after where workspaces lie."""


@command.command("harden")
@click.option("--dry-run", is_flag=True, help="Say what would be set, and set nothing.")
@json_option
def harden(dry_run: bool, as_json: bool) -> None:
    """Have the bucket keep old versions for 30 days and end uploads that nobody finishes.

    The exit code is 1 if the store refuses something.
    """
    # imported late: botocore takes a quarter of a second
    from deita_hub.hardening import BucketGuard

    objects = here().objects
    if objects is None:
        raise VerbError("DEITA_STORAGE is a folder: this is for buckets (s3://bucket/prefix).")
    measures = BucketGuard(objects).harden(dry_run=dry_run)
    lines = [f"{each.state:<12}  {each.name}: {each.text}{_because(each.reason)}" for each in measures]
    answer(as_json, {"bucket": objects.bucket, "items": [asdict(each) for each in measures]}, "\n".join(lines))
    if any(each.state == "refused" for each in measures):
        sys.exit(1)


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""
