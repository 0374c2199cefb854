"""secrets are encrypted

Revision ID: 0030
Revises: 0026
Create Date: 2026-11-30 05:00:00.000000

"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

# The one import of our code in a migration: what it writes, only this can read.
from orders.storage.encryption import decrypt, encrypt

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

COLUMNS = (("webhook", "secret"), ("webhook", "old_secret"), ("staff_account", "totp_secret"))


def upgrade():
    _set_length(255)
    for table, column in COLUMNS:
        _rewrite(table, column, encrypt)


def downgrade():
    for table, column in COLUMNS:
        _rewrite(table, column, decrypt)
    _set_length(64)


def _set_length(length: int):
    # In four steps: SQLite could change the length only in a copy of the table, to which others refer.
    op.add_column("staff_account", sa.Column("converted", sa.String(length), nullable=True))
    op.execute("UPDATE staff_account SET converted = totp_secret")
    op.execute("ALTER TABLE staff_account DROP COLUMN totp_secret")
    op.execute("ALTER TABLE staff_account RENAME COLUMN converted TO totp_secret")


def _rewrite(table: str, column: str, convert: Callable[[str], str]):
    connection = op.get_bind()
    rows = sa.table(table, sa.column("id", sa.String), sa.column(column, sa.Text))
    value = rows.c[column]
    for row_id, text in connection.execute(
        sa.select(rows.c.id, value).where(value.is_not(None))
    ).all():
        statement = rows.update().where(rows.c.id == row_id)
        connection.execute(statement.values({column: convert(text)}))
