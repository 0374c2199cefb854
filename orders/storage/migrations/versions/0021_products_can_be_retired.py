"""products can be retired

Revision ID: 0021
Revises: 0020
Create Date: 2026-11-29 22:40:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

SKU = ["org_id", "sku", "deleted_at"]
NAMES = ["id", "short_id", "product_name"]
LIST = ["org_id", "created_at", "id", "deleted_at"]
SEARCHED = ["short_id", "sku", "product_name", "search_text"]


def upgrade():
    # Not in a batch: SQLite would recreate the table, and other rows refer to it.
    op.add_column(
        "configuration", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True)
    )
    make_indexes(["retired_at"])


def downgrade():
    make_indexes([])
    op.drop_column("configuration", "retired_at")


def make_indexes(retired):
    """Create the indexes that answer searches alone again, with the given columns added."""
    op.drop_index("ix_configuration_org_sku", "configuration")
    op.create_index("ix_configuration_org_sku", "configuration", [*SKU, *retired, *NAMES])
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index("ix_configuration_list", "configuration")
        op.create_index("ix_configuration_list", "configuration", [*LIST, *retired, *SEARCHED])
