"""private tokens in addresses are noticed, and refused if the org wants it

Revision ID: 0034
Revises: 0032
Create Date: 2026-11-30 06:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade():
    # Not in a batch: SQLite would recreate the tables, and other rows refer to these.
    op.add_column(
        "org",
        sa.Column(
            "refuses_address_tokens", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
    )
    op.add_column(
        "token", sa.Column("last_in_address_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade():
    op.drop_column("token", "last_in_address_at")
    op.drop_column("org", "refuses_address_tokens")
