"""orders are counted when they are written, and found by what clients ask for

Revision ID: 0042
Revises: 0041
Create Date: 2026-11-30 16:20:00.000000

"""

import json
import time

import sqlalchemy as sa
from alembic import op

from orders.domain.repeated_numbers import number_keys

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

BATCH = 1_000
QUARTER = 900  # seconds
KEPT = 32 * 86_400  # seconds
KEYS = ("platform_key", "po_key")
INDEXES = {
    "ix_orders_org_customer_created": (
        "customer_id",
        ("org_id", "customer_id", "created_at", "id"),
    ),
    "ix_orders_platform": (
        "platform_key",
        ("platform_key", "org_id", "customer_id", "created_at", "id"),
    ),
    "ix_orders_org_po_customer": ("po_key", ("org_id", "po_key", "customer_id")),
}
EARLIER_INDEXES = {
    "ix_orders_org_customer": ("customer_id", ("org_id", "customer_id")),
    "ix_orders_org_platform_key": ("platform_key", ("org_id", "platform_key")),
    "ix_orders_org_po_key": ("po_key", ("org_id", "po_key")),
}
SORT_INDEXES = {
    "ix_order_sort_name": ("name_key",),
    "ix_order_sort_customer": ("customer_key",),
    "ix_order_sort_step": ("step",),
    "ix_order_sort_step_created": ("step", "created_at"),
}
BYTEWISE = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
MOST_OF_KEY = 600  # characters
STATUSES = ("List", "In Cart", "New", "In Progress", "Complete")
SECONDS = {
    "sqlite": "CAST(strftime('%s', substr(created_at, 1, 19)) AS INTEGER)",
    "postgresql": "CAST(floor(extract(epoch FROM created_at)) AS bigint)",
}


def upgrade():
    connection = op.get_bind()
    create_indexes(INDEXES)
    op.create_index(
        "ix_orders_org_updated", "orders", ["org_id", "updated_at", "id"], if_not_exists=True
    )
    # The customer was part of the keys.
    for key in KEYS:
        op.execute(
            f"UPDATE orders SET {key} = substr({key}, length(customer_id) + 2)"  # noqa: S608 - fixed names
            f" WHERE {key} IS NOT NULL"
        )
    fill_keys(connection)
    op.create_table(
        "order_count",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("quarter", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("is_canceled", sa.Boolean(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_order_count_org_id_org")),
        sa.PrimaryKeyConstraint(
            "org_id", "quarter", "status", "is_canceled", name=op.f("pk_order_count")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_sort",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("is_canceled", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=True),
        sa.Column("name_key", BYTEWISE, nullable=True),
        sa.Column("customer_key", BYTEWISE, nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_order_sort_org_id_org")),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_sort")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "pending_change",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("quarter", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("is_canceled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_pending_change_org_id_org")),
        sa.PrimaryKeyConstraint("order_id", "version", "number", name=op.f("pk_pending_change")),
        sqlite_with_rowid=False,
    )
    count_orders(connection)
    fill_order_sort()
    for name, columns in SORT_INDEXES.items():
        op.create_index(name, "order_sort", ["org_id", *columns, "order_id"])
    # Last: reads wait for it until the end.
    for name in EARLIER_INDEXES:
        op.drop_index(name, "orders")


def create_indexes(indexes):
    for name, (column, columns) in indexes.items():
        where = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            name, "orders", list(columns),
            sqlite_where=where, postgresql_where=where, if_not_exists=True,
        )  # fmt: skip


def fill_keys(connection):
    """Store the keys of orders without a customer, which had none."""
    names = ("id", "customer_id", "platform", "metadata", *KEYS)
    orders = sa.table("orders", *map(sa.column, names))
    values = {name: sa.bindparam(f"of_{name}") for name in KEYS}
    changed = sa.update(orders).where(orders.c.id == sa.bindparam("of_order")).values(**values)
    last = ""
    while True:
        batch = sa.select(orders.c.id, orders.c.platform, orders.c.metadata)
        batch = batch.where(
            orders.c.id > last, sa.or_(orders.c.customer_id.is_(None), orders.c.customer_id == "")
        )
        rows = connection.execute(batch.order_by(orders.c.id).limit(BATCH)).all()
        if not rows:
            return
        last = rows[-1].id
        keys = [
            (row.id, number_keys(json.loads(row.platform), json.loads(row.metadata)))
            for row in rows
        ]
        found = [
            {"of_order": order_id, "of_platform_key": own.platform_key, "of_po_key": own.po_key}
            for order_id, own in keys
            if any(own)
        ]
        if found:
            connection.execute(changed, found)


def count_orders(connection):
    quarter = f"{SECONDS[connection.dialect.name]} / {QUARTER}"
    oldest = (int(time.time()) - KEPT) // QUARTER
    kept = f"CASE WHEN {quarter} < {oldest} THEN 0 ELSE {quarter} END"
    op.execute(
        "INSERT INTO order_count (org_id, quarter, status, is_canceled, number)"  # noqa: S608 - fixed names
        f" SELECT org_id, {kept}, status, canceled_at IS NOT NULL, count(*) FROM orders"
        " WHERE deleted_at IS NULL GROUP BY 1, 2, 3, 4"
    )


def fill_order_sort():
    steps = " ".join(f"WHEN '{status}' THEN {step}" for step, status in enumerate(STATUSES))
    op.execute(
        "INSERT INTO order_sort"  # noqa: S608 - fixed names
        " (order_id, org_id, created_at, step, is_canceled, name, name_key, customer_key)"
        f" SELECT id, org_id, created_at, CASE status {steps} ELSE {len(STATUSES)} END, canceled_at IS NOT NULL, name,"
        f" substr(name_key, 1, {MOST_OF_KEY}), substr(customer_key, 1, {MOST_OF_KEY})"
        " FROM orders WHERE deleted_at IS NULL"
    )


def downgrade():
    op.drop_table("pending_change")
    op.drop_table("order_sort")
    op.drop_table("order_count")
    op.drop_index("ix_orders_org_updated", "orders")
    for name in INDEXES:
        op.drop_index(name, "orders")
    for key in KEYS:
        # NULL without a customer.
        op.execute(f"UPDATE orders SET {key} = customer_id || '\n' || {key}")  # noqa: S608 - fixed names
    create_indexes(EARLIER_INDEXES)
