"""orders can be canceled

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-29 22:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

BEFORE = ("org_id", "created_at", "id", "deleted_at", "status", "updated_at", "created_by")
AFTER = ("name_key", "customer_key", "search_text")
CANCELED, OPEN_CARTS = "ix_orders_canceled", "ix_orders_open_carts"
IS_OPEN_CART = "status IN ('List', 'In Cart') AND deleted_at IS NULL"


def upgrade():
    # Not in a batch: SQLite would recreate the table, and other rows refer to it.
    op.add_column("orders", sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("cancel_reason", sa.String(length=255), nullable=True))
    where = sa.text("canceled_at IS NOT NULL")
    op.create_index(
        CANCELED, "orders", ["org_id", "created_at", "id"],
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip
    recreate_list_index((*BEFORE, "canceled_at", *AFTER))
    recreate_open_carts(f"{IS_OPEN_CART} AND canceled_at IS NULL")


def recreate_open_carts(condition):
    """Replace the index of the carts that the start page shows as unchanged for long."""
    where = sa.text(condition)
    op.drop_index(OPEN_CARTS, "orders")
    op.create_index(
        OPEN_CARTS, "orders", ["org_id", "updated_at", "id"],
        sqlite_where=where, postgresql_where=where,
    )  # fmt: skip


def recreate_list_index(columns):
    """Replace SQLite's index of the list, which has every column that the list filters by."""
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_orders_list", "orders")
        op.create_index("ix_orders_list", "orders", list(columns))


def downgrade():
    recreate_open_carts(IS_OPEN_CART)
    recreate_list_index((*BEFORE, *AFTER))
    op.drop_index(CANCELED, "orders")
    op.drop_column("orders", "cancel_reason")
    op.drop_column("orders", "canceled_at")
