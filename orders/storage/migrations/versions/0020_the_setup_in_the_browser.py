"""an empty database is set up in the browser, by a link that works once

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-29 22:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "setup",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("secret_hash", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setup")),
    )
    # With an org, nothing is left to set up.
    op.execute(
        "INSERT INTO setup (id, closed_at) SELECT 1, min(created_at) FROM org HAVING count(*) > 0"
    )


def downgrade():
    op.drop_table("setup")
