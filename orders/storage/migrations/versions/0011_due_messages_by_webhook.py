"""due messages are found by webhook; webhooks can be switched off or paused

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-29 18:20:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# Of each partial index, the column that is not null in it.
INDEXES = {
    "ix_webhook_delivery_due": "next_attempt_at",
    "ix_webhook_delivery_claimed": "claimed_until",
}


def upgrade():
    _replace_indexes("webhook_id")
    op.add_column("webhook", sa.Column("switched_off_at", sa.DateTime(timezone=True)))
    op.add_column("webhook", sa.Column("held_until", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("webhook", "held_until")
    op.drop_column("webhook", "switched_off_at")
    _replace_indexes()


def _replace_indexes(*first):
    for name, column in INDEXES.items():
        where = sa.text(f"{column} IS NOT NULL")
        op.drop_index(name, "webhook_delivery")
        op.create_index(
            name, "webhook_delivery", [*first, column], sqlite_where=where, postgresql_where=where
        )
