"""orgs choose the words, the contact, and the time zone of their customer pages

Revision ID: 0024
Revises: 0023
Create Date: 2026-11-30 01:10:00.000000

"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    # Not in a batch: SQLite would recreate the tables, and other rows refer to them.
    op.add_column("customer_page", sa.Column("phone", sa.String(60), nullable=True))
    op.add_column("customer_page", sa.Column("email", sa.String(255), nullable=True))
    op.add_column("customer_page", sa.Column("time_zone", sa.String(64), nullable=True))
    wording = sa.Column("wording", sa.Text(), server_default="{}", nullable=False)
    op.add_column("customer_page", wording)
    op.add_column("org", sa.Column("page_key", sa.String(22), nullable=True))
    org = sa.table("org", sa.column("id"), sa.column("page_key"))
    connection = op.get_bind()
    for [org_id] in connection.execute(sa.select(org.c.id)).all():
        new_key = secrets.token_urlsafe(12)
        connection.execute(org.update().where(org.c.id == org_id).values(page_key=new_key))
    op.create_index(op.f("ix_org_page_key"), "org", ["page_key"], unique=True)


def downgrade():
    op.drop_index(op.f("ix_org_page_key"), table_name="org")
    op.drop_column("org", "page_key")
    for name in ("phone", "email", "time_zone", "wording"):
        op.drop_column("customer_page", name)
