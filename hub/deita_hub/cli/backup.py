"""`deita backup`, `restore`, `verify`, `drill`: making backups, bringing them back, and knowing that they can be."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta

import click

from deita_hub.backing_up import making
from deita_hub.backing_up.restic import BackupError, Restic
from deita_hub.cli.output import VerbError, answer, here, json_option
from deita_hub.settings import SettingsError

SPAN = re.compile(r"(\d{1,6})(s|m|h|d)")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
SHORTEST, LONGEST = timedelta(seconds=60), timedelta(days=366)
EVERY = "A number and a unit: 90m, 24h, 7d."


@click.command("backup")
@click.option("--list", "only_list", is_flag=True, help="Show the backups that there are instead.")
@click.option("--every", callback=lambda *given: _span(*given), help=f"Stay, and make one so often. {EVERY}")
@click.option("--drill-every", callback=lambda *given: _span(*given), help="With --every: try one so often, too.")
@json_option
def backup(only_list: bool, every: timedelta | None, drill_every: timedelta | None, as_json: bool) -> None:
    """Back everything up while people work; keeps 7 daily, 4 weekly and 12 monthly backups."""
    if drill_every and not every:
        raise VerbError("--drill-every goes with --every.")
    with _told():
        if only_list:
            found = [{"snapshot": each.id, "time": each.time.isoformat()} for each in Restic(here()).snapshots()]
            answer(as_json, {"items": found}, "\n".join(f"{each['snapshot']}  {each['time']}" for each in found))
            return
        if every:
            from deita_hub.backing_up.schedule import Schedule

            Schedule(here(), every, drill_every, lambda text: click.echo(text, err=True)).run()
            return
        made = making.make(here(), _progress())
    said = f"{made.snapshot}: {made.workspaces} workspaces, {made.files} files, {_size(made.bytes)}, of which "
    said += f"{_size(made.added)} are new, in {made.seconds} s; {made.kept} backups are kept."
    if made.repository_is_new:
        said += "\nKeep DEITA_HOME/secrets/backup_password somewhere else, too: without it no backup can be read."
    answer(as_json, asdict(made), said)


@click.command("restore")
@click.argument("snapshot", default="latest")
@json_option
def restore(snapshot: str, as_json: bool) -> None:
    """Put a backup in the place of what is there, which is moved aside. Deita must be stopped."""
    from deita_hub.backing_up import restoring

    with _told():
        settings = here()
        done = restoring.restore(Restic(settings), settings, snapshot)
    said = f"{done.workspaces} workspaces are back, {done.files} files checked."
    if done.before:
        said += f"\nWhat was there before lies in {', '.join(done.before)}."
    if done.missing:
        said += f"\nThese are named and were not in the backup: {', '.join(done.missing)}."
    answer(as_json, asdict(done), said)


@click.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Read every byte of all backups; the exit code is 1 if something is damaged."""
    with _told():
        restic = Restic(here())
        restic.check()
        count = len(restic.snapshots())
    answer(as_json, {"fine": True, "backups": count}, f"{count} backups can be read.")


@click.command("drill")
@json_option
def drill(as_json: bool) -> None:
    """Start a second Deita from the newest backup alone, count every table, and say how long it took."""
    from deita_hub.backing_up import drilling

    with _told():
        settings = here()
        done = drilling.drill(settings)
    said = f"{done.snapshot} came back: {done.workspaces} workspaces, {done.tables} tables, {done.rows:,} rows and "
    said += f"{done.files} files as they should be.\nRTO {done.rto_seconds} s, RPO {done.rpo_seconds} s."
    answer(as_json, asdict(done), said)


def _span(context: click.Context, parameter: click.Parameter, value: str | None) -> timedelta | None:
    """A click callback: a span of time."""
    if value is None:
        return None
    found = SPAN.fullmatch(value.strip().lower())
    span = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not SHORTEST <= span <= LONGEST:
        raise click.BadParameter(f"{EVERY} From a minute to a year.", context, parameter)
    return span


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except (BackupError, SettingsError) as error:
        raise VerbError(str(error)) from error


def _progress() -> Callable[[float], None]:
    """Prints the share that is done, where somebody watches."""
    if not sys.stderr.isatty():
        return lambda share: None
    return lambda share: click.echo(f"\r{share:4.0%}", nl=share >= 1, err=True)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
