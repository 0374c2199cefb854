"""pasted texts stay with orders

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-30 01:15:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "order_pasted_text",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"],
            ["orders.id"],
            name=op.f("fk_order_pasted_text_order_id_orders"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"], ["org.id"], name=op.f("fk_order_pasted_text_org_id_org")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_pasted_text")),
    )


def downgrade():
    op.drop_table("order_pasted_text")
