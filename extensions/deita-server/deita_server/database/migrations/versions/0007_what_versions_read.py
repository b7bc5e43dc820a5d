"""What the query of a table version read"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from deita_server.database.models import BIG

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "reads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("snapshot", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["table_versions.id"], name=op.f("fk_reads_version_id_table_versions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reads")),
    )
    op.create_index(op.f("ix_reads_version_id"), "reads", ["version_id"])
    op.create_index(op.f("ix_reads_snapshot"), "reads", ["snapshot"])
    versions = sa.table("table_versions", sa.column("id"), sa.column("receipt", sa.JSON()))
    known = op.get_bind().execute(sa.select(versions.c.id, versions.c.receipt))
    read = [
        {"version_id": version_id, "snapshot": one["snapshot"]}
        for version_id, receipt in known
        for one in (receipt or {}).get("tables", ())
    ]
    if read:
        op.bulk_insert(table, read)


def downgrade() -> None:
    op.drop_table("reads")
