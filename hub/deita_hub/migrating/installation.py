"""What the installation itself knows: people, workspaces, members, links and the audit; users and tokens of the hub.

The catalog comes last of everything: until it is there, the new place knows of no workspace.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Table
from sqlalchemy.engine import make_url

from deita_hub.catalog.database import Catalog
from deita_hub.catalog.postgres import make_schema
from deita_hub.database_urls import CATALOG, HUB
from deita_hub.migrating import tables
from deita_hub.settings import Settings


def copy_hub(source: Settings, target: Settings) -> dict[str, int]:
    """JupyterHub's users, their tokens (as hashes) and what it knows of servers; returns rows by table."""
    # imported late: it takes half a second
    from jupyterhub import orm

    file = source.home / "hub.sqlite"
    if not file.exists():  # it was never started
        return {}
    make_schema(target.database_url, HUB)
    orm.new_session_factory(target.hub_database_url).kw["bind"].dispose()
    with tables.source(file) as rows, tables.target(target.database_url, HUB) as into:
        return tables.copy(rows, into)


def copy_catalog(source: Settings, target: Settings, workspace_ids: Sequence[str]) -> dict[str, int]:
    """The control plane's tables, of workspaces those with these ids; returns rows by table."""
    catalog = Catalog(target.database_url)
    try:
        catalog.migrate()
    finally:
        catalog.close()

    def of_workspaces(table: Table) -> tuple[str, Sequence[str]]:
        marks = ", ".join("?" * len(workspace_ids))
        if table.name == "workspaces":
            return f"id IN ({marks})", workspace_ids
        for key in table.foreign_keys:
            if key.column.table.name == "workspaces":
                return f"{key.parent.name} IN ({marks})", workspace_ids
        return tables.everything(table)

    with tables.source(catalog_file(source)) as rows, tables.target(target.database_url, CATALOG) as into:
        return tables.copy(rows, into, of_workspaces)


def catalog_file(settings: Settings) -> Path:
    """The SQLite file of the control plane's catalog."""
    return Path(make_url(settings.database_url).database or "").absolute()
