"""orders are sorted by dates of their own, and attributes say what they are used for

Revision ID: 0025
Revises: 0024
Create Date: 2026-11-30 01:10:00.000000

"""

import sqlalchemy as sa
from alembic import op

from orders.domain.attributes import Applies, AttributeRule, Kind
from orders.storage.attribute_dates import fill_dates

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

DAYS = ["org_id", "attribute_key", "day", "order_id"]


def upgrade():
    # Not in a batch: SQLite would recreate the table.
    op.add_column(
        "attribute", sa.Column("is_due", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("attribute", sa.Column("total", sa.String(16), server_default="", nullable=False))
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    op.create_table(
        "order_date",
        sa.Column("order_id", sa.String(36), nullable=False),
        sa.Column("attribute_key", sa.String(255), nullable=False),
        sa.Column("org_id", sa.String(36), nullable=False),
        sa.Column("day", sa.Text(collation=None if is_sqlite else "C"), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_order_date_order_id_orders"),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name="fk_order_date_org_id_org"),
        sa.PrimaryKeyConstraint("order_id", "attribute_key", name="pk_order_date"),
        sqlite_with_rowid=False,
    )
    fill(op.get_bind())
    op.create_index("ix_order_date_day", "order_date", DAYS)
    where = sa.text("is_open")
    op.create_index(
        "ix_order_date_open", "order_date", DAYS, sqlite_where=where, postgresql_where=where
    )


def fill(connection):
    """Store the days of existing orders, for the attributes that are dates or weeks."""
    names = ("org_id", "key", "kind", "applies")
    attribute = sa.table("attribute", *map(sa.column, names))
    dated = sa.select(attribute).where(attribute.c.kind.in_(["date", "week"]))
    for row in connection.execute(dated).all():
        rule = AttributeRule(row.key, "", Kind(row.kind), applies=Applies(row.applies))
        fill_dates(connection, row.org_id, rule)


def downgrade():
    op.drop_table("order_date")
    op.drop_column("attribute", "total")
    op.drop_column("attribute", "is_due")
