"""customers have records

Revision ID: 0019
Revises: 0018
Create Date: 2026-11-29 22:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    bytewise = sa.Text(collation=None if is_sqlite else "C")
    op.create_table(
        "customer",
        sa.Column("customer_id", sa.String(255), nullable=False),
        sa.Column("name", sa.String(255)),
        sa.Column("contact", sa.String(255)),
        sa.Column("email", sa.String(255)),
        sa.Column("phone", sa.String(255)),
        sa.Column("addresses", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text()),
        sa.Column("defaults", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(36), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name_key", bytewise),
        sa.Column("customer_key", bytewise, nullable=False),
        sa.Column("sort_version", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("org_id", sa.String(36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_customer_org_id_org")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("org_id", "customer_id", name=op.f("uq_customer_org_id_customer_id")),
    )
    op.create_index("ix_customer_org_created", "customer", ["org_id", "created_at", "id"])


def downgrade():
    op.drop_index("ix_customer_org_created", "customer")
    op.drop_table("customer")
