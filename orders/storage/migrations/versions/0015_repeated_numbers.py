"""repeated numbers of a customer's orders are found in an index

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-29 19:45:00.000000

"""

import json

import sqlalchemy as sa
from alembic import op

from orders.domain.repeated_numbers import number_keys

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

BATCH = 1_000
KEYS = ("platform_key", "po_key")


def upgrade():
    for name in KEYS:
        op.add_column("orders", sa.Column(name, sa.Text()))
    fill_keys(op.get_bind())
    for name in KEYS:
        where = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"ix_orders_org_{name}", "orders", ["org_id", name],
            sqlite_where=where, postgresql_where=where,
        )  # fmt: skip


def fill_keys(connection):
    names = ("id", "customer_id", "platform", "metadata", *KEYS)
    orders = sa.table("orders", *map(sa.column, names))
    values = {name: sa.bindparam(f"of_{name}") for name in KEYS}
    changed = sa.update(orders).where(orders.c.id == sa.bindparam("of_order")).values(**values)
    last = ""
    while True:
        batch = sa.select(orders.c.id, orders.c.customer_id, orders.c.platform, orders.c.metadata)
        batch = batch.where(orders.c.id > last, orders.c.customer_id.is_not(None))
        rows = connection.execute(batch.order_by(orders.c.id).limit(BATCH)).all()
        if not rows:
            return
        last = rows[-1].id
        keys = [
            (
                row.id,
                # Until revision 0042 the customer was part of the keys.
                [
                    key and f"{row.customer_id}\n{key}"
                    for key in number_keys(json.loads(row.platform), json.loads(row.metadata))
                ],
            )
            for row in rows
        ]
        found = [
            {"of_order": order_id, "of_platform_key": own[0], "of_po_key": own[1]}
            for order_id, own in keys
            if any(own)
        ]
        if found:
            connection.execute(changed, found)


def downgrade():
    for name in reversed(KEYS):
        op.drop_index(f"ix_orders_org_{name}", "orders")
        op.drop_column("orders", name)
