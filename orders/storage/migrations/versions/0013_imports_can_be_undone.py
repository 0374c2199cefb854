"""imports can be undone

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-29 19:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("order_import", sa.Column("undone_at", sa.DateTime(timezone=True)))
    op.add_column("order_import", sa.Column("undone_by", sa.String(length=36)))


def downgrade():
    # The older service knows neither state.
    op.execute("UPDATE order_import SET state = 'Done' WHERE undone_at IS NOT NULL")
    op.execute("UPDATE order_import_order SET state = 'made' WHERE state = 'binned'")
    op.drop_column("order_import", "undone_by")
    op.drop_column("order_import", "undone_at")
