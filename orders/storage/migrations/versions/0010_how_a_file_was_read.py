"""how a file was read

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-29 18:40:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("order_import", sa.Column("reading", sa.Text(), nullable=True))


def downgrade():
    op.drop_column("order_import", "reading")
