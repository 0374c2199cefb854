"""events of accounts become the audit trail of the org

Revision ID: 0040
Revises: 0034
Create Date: 2026-11-30 10:00:00.000000

"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0034"
branch_labels = None
depends_on = None

REFUSAL = "events are never changed"


def upgrade():
    # SQLite recreates the table, to which no other refers. What the version before writes still
    # fits: its rows name neither the org nor the kind of their author.
    with op.batch_alter_table("staff_event") as table:
        table.add_column(sa.Column("org_id", sa.String(length=36), nullable=True))
        table.add_column(
            sa.Column("actor_kind", sa.String(length=16), server_default="staff", nullable=False)
        )
        table.add_column(sa.Column("subject_id", sa.String(length=36), nullable=True))
        table.add_column(
            sa.Column("detail", sa.String(length=255), server_default="", nullable=False)
        )
        table.alter_column("staff_id", existing_type=sa.String(length=36), nullable=True)
        table.create_foreign_key(op.f("fk_staff_event_org_id_org"), "org", ["org_id"], ["id"])
    op.execute(
        "UPDATE staff_event SET org_id ="
        " (SELECT org_id FROM staff_account WHERE staff_account.id = staff_event.staff_id)"
    )
    of_strangers = "('Sign-in failed', 'Password reset link created')"
    op.execute(
        f"UPDATE staff_event SET by_id = staff_id WHERE by_id IS NULL AND kind NOT IN {of_strangers}"  # noqa: S608 - a constant
    )
    op.execute("UPDATE staff_event SET actor_kind = 'unknown' WHERE by_id IS NULL")
    op.create_index("ix_staff_event_org_at", "staff_event", ["org_id", "at", "id"])
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE TRIGGER staff_event_unchanged BEFORE UPDATE ON staff_event"
            f" BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
        )
    else:
        op.execute(
            "CREATE FUNCTION refuse_to_change_events() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'check_violation'; END $$"
        )
        op.execute(
            "CREATE TRIGGER staff_event_unchanged BEFORE UPDATE ON staff_event"
            " FOR EACH ROW EXECUTE FUNCTION refuse_to_change_events()"
        )


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER staff_event_unchanged")
    else:
        op.execute("DROP TRIGGER staff_event_unchanged ON staff_event")
        op.execute("DROP FUNCTION refuse_to_change_events")
    op.drop_index("ix_staff_event_org_at", "staff_event")
    op.execute("DELETE FROM staff_event WHERE staff_id IS NULL")
    op.execute(
        "UPDATE staff_event SET by_id = NULL WHERE by_id = staff_id OR actor_kind <> 'staff'"
    )
    with op.batch_alter_table("staff_event") as table:
        table.drop_constraint(op.f("fk_staff_event_org_id_org"), type_="foreignkey")
        table.alter_column("staff_id", existing_type=sa.String(length=36), nullable=False)
        for name in ("detail", "subject_id", "actor_kind", "org_id"):
            table.drop_column(name)
