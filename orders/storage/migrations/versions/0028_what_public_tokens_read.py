"""what public tokens read of orders that they did not create

Revision ID: 0028
Revises: 0026
Create Date: 2026-11-30 04:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade():
    # Not in a batch: SQLite would recreate the tables, and other rows refer to these.
    op.add_column(
        "org", sa.Column("public_reads", sa.String(length=16), server_default="", nullable=False)
    )
    op.add_column("token", sa.Column("succeeds", sa.Text(), server_default="[]", nullable=False))


def downgrade():
    op.drop_column("token", "succeeds")
    op.drop_column("org", "public_reads")
