"""customer pages: theme, language, verification of customers

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-25 20:40:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "customer_page",
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("customer_check", sa.String(length=16), nullable=False),
        sa.Column("accent", sa.String(length=7), nullable=True),
        sa.Column("contact", sa.String(length=255), nullable=True),
        sa.Column("language", sa.String(length=16), nullable=True),
        sa.Column("logo_type", sa.String(length=255), nullable=True),
        sa.Column("logo_sha256", sa.String(length=64), nullable=True),
        sa.Column("logo_stored_as", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_customer_page_org_id_org")),
        sa.PrimaryKeyConstraint("org_id", name=op.f("pk_customer_page")),
    )
    op.create_index(
        op.f("ix_customer_page_logo_sha256"), "customer_page", ["logo_sha256"], unique=False
    )
    op.create_table(
        "order_tries",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_tries_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_order_tries")),
    )


def downgrade():
    op.drop_table("order_tries")
    op.drop_index(op.f("ix_customer_page_logo_sha256"), table_name="customer_page")
    op.drop_table("customer_page")
