"""Profiles of table versions, and which version a restore brought back

The index of versions is made anew from the lake's commits: a table that was dropped and made again is one table now.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from deita_server.database.models import BIG

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("table_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("size", BIG, nullable=False),
        sa.ForeignKeyConstraint(["table_id"], ["tables.id"], name=op.f("fk_profiles_table_id_tables")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("table_id", "version", name=op.f("uq_profiles_table_id")),
    )
    _forget_the_index()
    with op.batch_alter_table("table_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("restored_version", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_table("profiles")
    _forget_the_index()
    with op.batch_alter_table("table_versions", schema=None) as batch_op:
        batch_op.drop_column("restored_version")


def _forget_the_index() -> None:
    for statement in ("DELETE FROM table_versions", "DELETE FROM tables", "DELETE FROM marks WHERE name = 'snapshot'"):
        op.execute(statement)
