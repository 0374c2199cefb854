"""configurations are searched in an index

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-26 04:05:00.000000

"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

CREATED = ["org_id", "created_at", "id"]


SKU = ["org_id", "sku"]


def upgrade():
    # Beside the next one SQLite takes this one for SKUs only where it says more.
    op.drop_index("ix_configuration_org_sku", "configuration")
    told_by_sku = ["deleted_at", "id", "short_id", "product_name"]
    op.create_index("ix_configuration_org_sku", "configuration", [*SKU, *told_by_sku])
    # What the search looks through, in one narrow place. PostgreSQL would refuse so long a row.
    if op.get_bind().dialect.name == "sqlite":
        found_by = ["deleted_at", "short_id", "sku", "product_name", "search_text"]
        op.create_index("ix_configuration_list", "configuration", [*CREATED, *found_by])
        op.drop_index("ix_configuration_org_created", "configuration")


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_configuration_org_created", "configuration", CREATED)
        op.drop_index("ix_configuration_list", "configuration")
    op.drop_index("ix_configuration_org_sku", "configuration")
    op.create_index("ix_configuration_org_sku", "configuration", SKU)
