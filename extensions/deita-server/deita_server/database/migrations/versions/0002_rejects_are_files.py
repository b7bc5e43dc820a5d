"""Rejects are files of the workspace, not rows"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("rejects")


def downgrade() -> None:
    op.create_table("rejects",
    sa.Column("import_id", sa.String(), nullable=False),
    sa.Column("number", sa.Integer(), nullable=False),
    sa.Column("line", sa.Integer(), nullable=True),
    sa.Column("column", sa.String(), nullable=True),
    sa.Column("raw", sa.String(), nullable=True),
    sa.Column("reason", sa.String(), nullable=False),
    sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_rejects_import_id_imports")),
    sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_rejects"))
    )
