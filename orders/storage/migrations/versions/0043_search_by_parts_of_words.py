"""the search finds orders by an index of all parts of words

Revision ID: 0043
Revises: 0042
Create Date: 2026-11-30 20:05:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

# SQLite's index of a table's text; the table has the text itself. Without positions (`detail`) it
# is half as large, and the search compares what it finds.
INDEX = """
CREATE VIRTUAL TABLE order_trigram USING fts5(
    text, content='order_text', content_rowid='number', detail='none',
    tokenize='trigram case_sensitive 1'
)
"""
# As SQLite's documentation has them for a table with a content of its own.
TRIGGERS = (
    "CREATE TRIGGER order_text_added AFTER INSERT ON order_text BEGIN"
    " INSERT INTO order_trigram (rowid, text) VALUES (new.number, new.text); END",
    "CREATE TRIGGER order_text_removed AFTER DELETE ON order_text BEGIN"
    " INSERT INTO order_trigram (order_trigram, rowid, text)"
    " VALUES ('delete', old.number, old.text); END",
    "CREATE TRIGGER order_text_changed AFTER UPDATE ON order_text BEGIN"
    " INSERT INTO order_trigram (order_trigram, rowid, text)"
    " VALUES ('delete', old.number, old.text);"
    " INSERT INTO order_trigram (rowid, text) VALUES (new.number, new.text); END",
)


def upgrade():
    op.create_table(
        "order_text",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("order_id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f("fk_order_text_org_id_org")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_order_text")),
        sa.UniqueConstraint("order_id", name=op.f("uq_order_text_order_id")),
    )
    op.execute(
        "INSERT INTO order_text (order_id, org_id, text) SELECT id, org_id, search_text FROM orders"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        op.create_index(
            "ix_order_text_trigrams", "order_text", ["text"],
            postgresql_using="gin", postgresql_ops={"text": "gin_trgm_ops"},
        )  # fmt: skip
        return
    op.execute(INDEX)
    op.execute("INSERT INTO order_trigram (order_trigram) VALUES ('rebuild')")
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE order_trigram")
    op.drop_table("order_text")
