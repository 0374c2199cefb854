"""entering orders: drafts, templates, who edits

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-25 20:10:11.400000

"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "draft",
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("title", sa.String(length=255), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("page", sa.String(length=22), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("discarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name=op.f("fk_draft_staff_id_staff_account")
        ),
        sa.PrimaryKeyConstraint("staff_id", "key", name=op.f("pk_draft")),
    )
    op.create_index("ix_draft_changed", "draft", ["changed_at"], unique=False)
    op.create_table(
        "order_template",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_order_template_org_id_org")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_order_template")),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_order_template_org_id_name")),
    )
    op.create_table(
        "order_editor",
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_order_editor_order_id_orders")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name=op.f("fk_order_editor_staff_id_staff_account")
        ),
        sa.PrimaryKeyConstraint("order_id", "staff_id", name=op.f("pk_order_editor")),
    )


def downgrade():
    op.drop_table("order_editor")
    op.drop_table("order_template")
    op.drop_index("ix_draft_changed", table_name="draft")
    op.drop_table("draft")
