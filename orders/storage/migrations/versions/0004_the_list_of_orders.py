"""the list of orders

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-25 20:00:00.000000

"""

import json

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BATCH = 500
LISTED = [
    *("org_id", "created_at", "id", "deleted_at", "status", "updated_at", "created_by"),
    *("name", "customer_id", "search_text"),
]


def upgrade():
    op.create_table(
        "saved_view",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_saved_view_org_id_org")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name=op.f("fk_saved_view_staff_id_staff_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
    )
    op.create_index("ix_saved_view_org_name", "saved_view", ["org_id", "name", "id"])
    op.create_table(
        "staff_preference",
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_account.id"],
            name=op.f("fk_staff_preference_staff_id_staff_account"),
        ),
        sa.PrimaryKeyConstraint("staff_id", "key", name=op.f("pk_staff_preference")),
    )
    op.create_table(
        "bulk_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_bulk_change_org_id_org")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name=op.f("fk_bulk_change_staff_id_staff_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_change")),
    )
    op.create_index("ix_bulk_change_created", "bulk_change", ["created_at"])
    # SQLite does not look at the length; changing the type there would copy the whole table.
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("orders", "search_text", type_=sa.Text(), existing_nullable=False)
    fill_search_texts(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        # What the list searches, filters and sorts by, in one narrow place. It begins with the
        # columns of the index that it replaces.
        op.create_index("ix_orders_list", "orders", LISTED)
        op.drop_index("ix_orders_org_created", "orders")


def fill_search_texts(connection):
    """Add store, metadata and derivative to `search_text` of the existing orders."""
    orders = sa.table(
        "orders",
        *(sa.column(name) for name in ("id", "short_id", "name", "customer_id", "platform")),
        *(sa.column(name) for name in ("metadata", "derivative", "search_text")),
    )
    last = ""
    while True:
        batch = sa.select(orders).where(orders.c.id > last).order_by(orders.c.id).limit(BATCH)
        rows = connection.execute(batch).all()
        if not rows:
            return
        last = rows[-1].id
        changed = (
            sa.update(orders)
            .where(orders.c.id == sa.bindparam("of_order"))
            .values(search_text=sa.bindparam("text"))
        )
        connection.execute(
            changed, [{"of_order": row.id, "text": search_text(row)} for row in rows]
        )


def search_text(row):
    """Return the search text that new orders got at the time of this migration."""
    platform = json.loads(row.platform)
    fixed = (row.short_id, row.name, row.customer_id)
    named = (platform.get(key) for key in ("id", "storeName", "platform"))
    parts = [one.casefold()[:380] for one in (*fixed, *named) if isinstance(one, str)]
    room = 2000
    waiting = [json.loads(row.derivative), json.loads(row.metadata)]
    while waiting and room > 0:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting += reversed(value.values())
        elif isinstance(value, list):
            waiting += reversed(value)
        elif value is not None and not isinstance(value, bool) and value != "":
            part = str(value).casefold()[: min(380, room)]
            parts.append(part)
            room -= len(part) + 1
    return "\n".join(parts)


def downgrade():
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE orders SET search_text = left(search_text, 1200)")
        op.alter_column("orders", "search_text", type_=sa.String(1200), existing_nullable=False)
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_orders_org_created", "orders", ["org_id", "created_at", "id"])
        op.drop_index("ix_orders_list", "orders")
    op.drop_index("ix_bulk_change_created", "bulk_change")
    op.drop_table("bulk_change")
    op.drop_table("staff_preference")
    op.drop_index("ix_saved_view_org_name", "saved_view")
    op.drop_table("saved_view")
