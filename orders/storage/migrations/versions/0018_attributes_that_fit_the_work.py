"""attributes have labels in languages, hints, groups, and say whether a copy gets their value

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-29 22:40:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    # Not in a batch: SQLite would recreate the table.
    for column in (
        sa.Column("labels", sa.Text(), server_default="{}", nullable=False),
        sa.Column("hint", sa.String(255), server_default="", nullable=False),
        sa.Column("placeholder", sa.String(255), server_default="", nullable=False),
        sa.Column("form_group", sa.String(80), server_default="", nullable=False),
        sa.Column("is_copied", sa.Boolean(), server_default=sa.true(), nullable=False),
    ):
        op.add_column("attribute", column)


def downgrade():
    for name in ("labels", "hint", "placeholder", "form_group", "is_copied"):
        op.drop_column("attribute", name)
