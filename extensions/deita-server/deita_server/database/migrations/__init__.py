"""Alembic's revisions of the workspace database, and the two lines that apply them.

Alembic is imported only when there is something to apply: it costs 0.15 s.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0008"


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the database to `revision`, in the connection's transaction."""
    _run("upgrade", connection, revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Bring the database back to `revision` (`base` is an empty one), in the connection's transaction."""
    _run("downgrade", connection, revision)


def _run(command: str, connection: Connection, revision: str) -> None:
    from alembic import command as commands
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    getattr(commands, command)(config, revision)
