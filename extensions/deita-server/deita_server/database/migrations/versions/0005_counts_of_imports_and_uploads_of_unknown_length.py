"""What became of the lines of an imported file; uploads whose length is not known yet"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from deita_server.database.models import BIG

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.add_column(sa.Column("counts", sa.JSON(), nullable=True))
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.alter_column("length", existing_type=BIG, nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM uploads WHERE length IS NULL")
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.alter_column("length", existing_type=BIG, nullable=False)
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_column("counts")
