"""Saved queries and their versions"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("saved_queries",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("slug", sa.String(), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("created_at", sa.String(), nullable=False),
    sa.Column("created_by", sa.String(), nullable=False),
    sa.Column("deleted_at", sa.String(), nullable=True),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_queries")),
    sa.UniqueConstraint("slug", name=op.f("uq_saved_queries_slug"))
    )
    op.create_table("saved_query_versions",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("saved_query_id", sa.Integer(), nullable=False),
    sa.Column("version", sa.Integer(), nullable=False),
    sa.Column("operation", sa.String(), nullable=False),
    sa.Column("name", sa.String(), nullable=False),
    sa.Column("description", sa.String(), nullable=False),
    sa.Column("sql", sa.String(), nullable=False),
    sa.Column("params", sa.JSON(), nullable=False),
    sa.Column("columns", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("tables", sa.JSON(), nullable=False),
    sa.Column("message", sa.String(), nullable=False),
    sa.Column("restored_version", sa.Integer(), nullable=True),
    sa.Column("created_at", sa.String(), nullable=False),
    sa.Column("created_by", sa.String(), nullable=False),
    sa.ForeignKeyConstraint(["saved_query_id"], ["saved_queries.id"], name=op.f("fk_saved_query_versions_saved_query_id_saved_queries")),
    sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_query_versions")),
    sa.UniqueConstraint("saved_query_id", "version", name=op.f("uq_saved_query_versions_saved_query_id"))
    )


def downgrade() -> None:
    op.drop_table("saved_query_versions")
    op.drop_table("saved_queries")
