"""The Idempotency-Keys that saved queries were made with"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("saved_query_versions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("key", sa.String(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("saved_query_versions", schema=None) as batch_op:
        batch_op.drop_column("key")
