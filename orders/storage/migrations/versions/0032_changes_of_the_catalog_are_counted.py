"""changes of the catalog are counted, and customers are found by name and e-mail address

Revision ID: 0032
Revises: 0026
Create Date: 2026-11-30 04:30:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade():
    # Not in a batch: SQLite would recreate the table.
    op.add_column(
        "org", sa.Column("catalog_version", sa.Integer(), server_default="1", nullable=False)
    )
    for column in ("name", "email"):
        op.create_index(
            f"ix_customer_org_lower_{column}", "customer", ["org_id", sa.text(f"lower({column})")]
        )


def downgrade():
    for column in ("email", "name"):
        op.drop_index(f"ix_customer_org_lower_{column}", table_name="customer")
    op.drop_column("org", "catalog_version")
