"""Who people are at a provider, who is expected from there, and who was added by name."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("people", sa.Column("awaits", sa.String(255), nullable=True))
    op.create_index("ix_people_awaits", "people", ["awaits"], unique=True)
    op.create_table(
        "identities",
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("username", sa.String(255), nullable=False),
        sa.Column("connected_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.name"], name="fk_identities_person_people", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("person", name="pk_identities"),
    )
    op.create_index("ix_identities_subject", "identities", ["issuer", "subject"], unique=True)


def downgrade() -> None:
    op.drop_table("identities")
    op.drop_index("ix_people_awaits", "people")
    op.drop_column("people", "awaits")
    op.drop_column("people", "named")
