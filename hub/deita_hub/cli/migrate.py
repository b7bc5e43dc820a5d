"""`deita migrate`: from SQLite and folders to PostgreSQL and a bucket."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from deita_hub import settings as settings_module
from deita_hub.cli.output import VerbError, answer, here, json_option
from deita_hub.settings import Settings, SettingsError


@click.command("migrate")
@click.option("--to-database", metavar="URL", help="postgresql://user:password@host/database, empty.")
@click.option(
    "--to-database-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The same, in a file that others cannot read.",
)
@click.option("--to-storage", metavar="URL", help="s3://bucket/prefix; DEITA_S3_… and AWS_… say how it is reached.")
@click.option("--workspace", "slugs", multiple=True, metavar="SLUG", help="Move only this one; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
@json_option
def command(
    to_database: str | None,
    to_database_file: Path | None,
    to_storage: str | None,
    slugs: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> None:
    """Copy a stopped Deita to PostgreSQL, to a bucket, or to both, and prove that it is the same there.

    The old place is only read and can be used as before. Broken off, the same command goes on.
    """
    from deita_hub.migrating import migration
    from deita_hub.migrating.errors import MigrationError
    from deita_hub.migrating.plan import plan_of

    source, target = here(), _target(to_database, to_database_file, to_storage)
    try:
        plan = plan_of(source, target, slugs)
        report = (migration.dry_run if dry_run else migration.run)(plan, lambda line: click.echo(line, err=True))
    except MigrationError as error:
        raise VerbError(f"{error} ({error.code})") from error
    answer(as_json, report, _text(report))


def _target(database: str | None, database_file: Path | None, storage: str | None) -> Settings:
    """The settings of the new place: those of this process with what was asked for in their place."""
    if database and database_file:
        raise VerbError("Give either --to-database or --to-database-file, not both.")
    if not (database or database_file or storage):
        raise VerbError("Say where to: --to-database, --to-storage, or both.")
    given = dict(os.environ)
    if database or database_file:
        for name in ("DEITA_DATABASE_URL", "DEITA_DATABASE_URL_FILE"):
            given.pop(name, None)
        given |= {"DEITA_DATABASE_URL_FILE": str(database_file.absolute())} if database_file else {}
        given |= {"DEITA_DATABASE_URL": database} if database else {}
    if storage:
        given["DEITA_STORAGE"] = storage
    try:
        target = settings_module.load(given)
    except SettingsError as error:
        raise VerbError(str(error)) from error
    if (database or database_file) and target.database != "postgresql":
        raise VerbError("--to-database must be postgresql://user:password@host/database.")
    if storage and target.objects is None:
        raise VerbError("--to-storage must be s3://bucket/prefix.")
    return target


def _text(report: dict[str, Any]) -> str:
    lines = []
    for slug, found in report["workspaces"].items():
        rows = sum(table["rows"] or 0 for table in found["tables"])
        counted = f"{len(found['tables'])} tables and views with {rows:,} rows"
        files = f", {found['files']:,} files with {found['bytes']:,} bytes" if found["files"] else ""
        lines.append(f"{slug}: {counted}{files}")
        lines += [f"  stays behind: {name}" for name in found["left"]]
    if report["left"]:
        lines.append(f"Workspaces that stay behind: {', '.join(report['left'])}")
    if not report["done"]:
        return "\n".join(["This would be copied:", *lines])
    settings = [f"  {name}={value}" for name, value in report["settings"].items()]
    return "\n".join(["Copied and compared:", *lines, "", "Run Deita on the new place with:", *settings])
