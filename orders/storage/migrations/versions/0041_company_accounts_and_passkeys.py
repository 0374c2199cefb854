"""people sign in with the company's account, and with passkeys

Revision ID: 0041
Revises: 0034
Create Date: 2026-11-30 10:05:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "staff_identity",
        *_owned_by_staff("staff_identity"),
        sa.Column("issuer", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_staff_identity_issuer_subject")),
    )
    op.create_table(
        "passkey",
        *_owned_by_staff("passkey"),
        sa.Column("credential_id", sa.String(length=1400), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    for name in ("staff_identity", "passkey"):
        op.create_index(op.f(f"ix_{name}_staff_id"), name, ["staff_id"])
    # Not in a batch: SQLite would recreate the tables, and other rows refer to these.
    op.add_column(
        "staff_account",
        sa.Column("has_password", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    op.add_column(
        "staff_session",
        sa.Column("way", sa.String(length=16), server_default="password", nullable=False),
    )
    op.add_column(
        "org", sa.Column("trusts_provider", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def _owned_by_staff(table):
    return (
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("org_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(["org_id"], ["org.id"], name=op.f(f"fk_{table}_org_id_org")),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff_account.id"], name=op.f(f"fk_{table}_staff_id_staff_account")
        ),
    )


def downgrade():
    op.drop_column("org", "trusts_provider")
    op.drop_column("staff_session", "way")
    op.drop_column("staff_account", "has_password")
    op.drop_table("passkey")
    op.drop_table("staff_identity")
