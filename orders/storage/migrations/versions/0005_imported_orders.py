"""imported orders

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-25 20:10:00.000000

"""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "order_import",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("file_name", sa.String(length=255), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("row_count", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("headers_hash", sa.String(length=64), nullable=False),
        sa.Column("matching", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("order_count", sa.Integer(), nullable=True),
        sa.Column("is_all_or_nothing", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(length=36), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_order_import_org_id_org")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_import")),
    )
    op.create_index(
        "ix_order_import_org_created", "order_import", ["org_id", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_order_import_org_content", "order_import", ["org_id", "content_hash"], unique=False
    )
    op.create_index(
        "ix_order_import_org_headers", "order_import", ["org_id", "headers_hash"], unique=False
    )
    op.create_index(
        "ix_order_import_waiting",
        "order_import",
        ["waiting_since"],
        unique=False,
        sqlite_where=sa.text("waiting_since IS NOT NULL"),
        postgresql_where=sa.text("waiting_since IS NOT NULL"),
    )
    op.create_table(
        "order_import_row",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["order_import.id"],
            name=op.f("fk_order_import_row_import_id_order_import"),
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_order_import_row")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_import_order",
        sa.Column("import_id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("label", sa.String(length=255), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("faults", sa.Text(), nullable=False),
        sa.Column("same_as", sa.String(length=14), nullable=True),
        sa.Column("order_id", sa.String(length=36), nullable=True),
        sa.Column("short_id", sa.String(length=14), nullable=True),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["order_import.id"],
            name=op.f("fk_order_import_order_import_id_order_import"),
        ),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_import_order_order_id_orders")
        ),
        sa.PrimaryKeyConstraint("import_id", "position", name=op.f("pk_order_import_order")),
        sqlite_with_rowid=False,
    )


def downgrade():
    op.drop_table("order_import_order")
    op.drop_table("order_import_row")
    op.drop_table("order_import")
