"""Resumable uploads"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from deita_server.database.models import BIG

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("uploads",
    sa.Column("id", sa.String(), nullable=False),
    sa.Column("name", sa.String(), nullable=False),
    sa.Column("length", BIG, nullable=False),
    sa.Column("offset", BIG, nullable=False),
    sa.Column("sha256", sa.String(), nullable=True),
    sa.Column("replace", sa.Boolean(), nullable=False),
    sa.Column("described", sa.String(), nullable=False),
    sa.Column("file", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("created_at", sa.String(), nullable=False),
    sa.Column("created_by", sa.String(), nullable=False),
    sa.Column("expires_at", sa.String(), nullable=False),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads"))
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_uploads_expires_at"), ["expires_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_uploads_expires_at"))

    op.drop_table("uploads")
