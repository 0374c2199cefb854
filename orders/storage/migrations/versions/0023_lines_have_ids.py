"""lines have IDs

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-30 01:10:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade():
    # NULL means that the ID is the line's position: stored lines have IDs without being written.
    # Not in a batch: SQLite would recreate the table.
    op.add_column("cart_line", sa.Column("line_id", sa.BigInteger(), nullable=True))


def downgrade():
    op.drop_column("cart_line", "line_id")
