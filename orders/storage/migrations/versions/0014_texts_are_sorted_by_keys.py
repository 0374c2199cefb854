"""texts are sorted by stored keys

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-29 19:40:00.000000

"""

import sqlalchemy as sa
from alembic import op

from orders.domain.collation import VERSION, sort_key

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

BATCH = 1_000
BEFORE = ("org_id", "created_at", "id", "deleted_at", "status", "updated_at", "created_by")


def upgrade():
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    kind = sa.Text(collation=None if is_sqlite else "C")
    op.add_column("orders", sa.Column("name_key", kind))
    op.add_column("orders", sa.Column("customer_key", kind))
    op.add_column(
        "orders", sa.Column("sort_version", sa.SmallInteger(), server_default="0", nullable=False)
    )
    fill_keys(op.get_bind())
    if is_sqlite:
        op.drop_index("ix_orders_list", "orders")
        op.create_index(
            "ix_orders_list", "orders", [*BEFORE, "name_key", "customer_key", "search_text"]
        )


def fill_keys(connection):
    """Store the sort keys of all orders, each with the version of the code that made it."""
    names = ("id", "name", "customer_id", "name_key", "customer_key", "sort_version")
    orders = sa.table("orders", *map(sa.column, names))
    changed = (
        sa.update(orders)
        .where(orders.c.id == sa.bindparam("of_order"))
        .values(
            name_key=sa.bindparam("by_name"), customer_key=sa.bindparam("by_customer"),
            sort_version=VERSION,
        )
    )  # fmt: skip
    last = ""
    while True:
        batch = sa.select(orders.c.id, orders.c.name, orders.c.customer_id)
        batch = batch.where(orders.c.id > last).order_by(orders.c.id).limit(BATCH)
        rows = connection.execute(batch).all()
        if not rows:
            return
        last = rows[-1].id
        values = [
            {
                "of_order": row.id,
                "by_name": sort_key(row.name),
                "by_customer": sort_key(row.customer_id),
            }
            for row in rows
        ]
        connection.execute(changed, values)


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_orders_list", "orders")
        op.create_index("ix_orders_list", "orders", [*BEFORE, "name", "customer_id", "search_text"])
    for name in ("sort_version", "customer_key", "name_key"):
        op.drop_column("orders", name)
