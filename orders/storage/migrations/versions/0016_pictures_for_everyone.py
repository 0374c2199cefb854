"""pictures get public names, by which anyone can see them if the org allows it

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-29 19:30:00.000000

"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

PICTURES = ("image/png", "image/jpeg", "image/webp", "image/gif")
PATH = "/api/files/hash/"
NAMES = "ix_configuration_file_public_name"

configuration = sa.table("configuration", sa.column("id"), sa.column("thumbnail"))
configuration_file = sa.table(
    "configuration_file",
    sa.column("configuration_id"),
    sa.column("key"),
    sa.column("content_type"),
    sa.column("public_name"),
)


def old_path(configuration_id):
    return f"/api/configurations/{configuration_id}/thumbnail"


def upgrade():
    # Not in a batch: SQLite would recreate the tables, and other rows refer to these.
    op.add_column(
        "org",
        sa.Column("has_public_pictures", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.add_column("configuration_file", sa.Column("public_name", sa.String(64), nullable=True))
    connection = op.get_bind()
    pictures = sa.select(configuration_file.c.configuration_id).where(
        configuration_file.c.key == "thumbnail", configuration_file.c.content_type.in_(PICTURES)
    )
    named = [
        {"of": configuration_id, "name": secrets.token_urlsafe(24)}
        for configuration_id in connection.execute(pictures).scalars().all()
    ]
    if named:
        connection.execute(
            sa.update(configuration_file)
            .where(
                configuration_file.c.configuration_id == sa.bindparam("of"),
                configuration_file.c.key == "thumbnail",
            )
            .values(public_name=sa.bindparam("name")),
            named,
        )
        connection.execute(
            sa.update(configuration)
            .where(
                configuration.c.id == sa.bindparam("of"),
                configuration.c.thumbnail == sa.bindparam("before"),
            )
            .values(thumbnail=sa.bindparam("after")),
            [
                {"of": one["of"], "before": old_path(one["of"]), "after": PATH + one["name"]}
                for one in named
            ],
        )
    op.create_index(NAMES, "configuration_file", ["public_name"], unique=True)


def downgrade():
    connection = op.get_bind()
    pictures = sa.select(configuration_file.c.configuration_id, configuration_file.c.public_name)
    named = connection.execute(pictures.where(configuration_file.c.public_name.is_not(None))).all()
    if named:
        connection.execute(
            sa.update(configuration)
            .where(
                configuration.c.id == sa.bindparam("of"),
                configuration.c.thumbnail == sa.bindparam("before"),
            )
            .values(thumbnail=sa.bindparam("after")),
            [{"of": one, "before": PATH + name, "after": old_path(one)} for one, name in named],
        )
    op.drop_index(NAMES, "configuration_file")
    op.drop_column("configuration_file", "public_name")
    op.drop_column("org", "has_public_pictures")
