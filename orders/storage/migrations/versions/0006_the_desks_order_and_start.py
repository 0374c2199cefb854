"""the desk's order page and its start page

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-25 20:00:00

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

PARTIAL = (
    (
        "ix_orders_open_carts",
        "orders",
        ["org_id", "updated_at", "id"],
        "status IN ('List', 'In Cart') AND deleted_at IS NULL",
    ),
    (
        "ix_submission_of_form",
        "submission",
        ["actor_id", "created_at"],
        "order_id IS NOT NULL AND answer IS NULL",
    ),
    (
        "ix_webhook_delivery_given_up",
        "webhook_delivery",
        ["webhook_id", "created_at"],
        "delivered_at IS NULL AND next_attempt_at IS NULL",
    ),
)


CREATED = ["org_id", "created_at", "id"]


def upgrade():
    # SQLite has an index of more columns in its place.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_orders_org_created", table_name="orders")
        op.create_index("ix_orders_org_created", "orders", [*CREATED, "status", "deleted_at"])
    op.create_table(
        "order_note",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_note_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_note")),
    )
    op.create_index(op.f("ix_order_note_order_id"), "order_note", ["order_id"])
    for name, table, columns, where in PARTIAL:
        op.create_index(
            name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where)
        )


def downgrade():
    for name, table, _columns, _where in reversed(PARTIAL):
        op.drop_index(name, table_name=table)
    op.drop_index(op.f("ix_order_note_order_id"), table_name="order_note")
    op.drop_table("order_note")
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_orders_org_created", table_name="orders")
        op.create_index("ix_orders_org_created", "orders", CREATED)
