"""Runs the migrations in one transaction; a second process that starts meanwhile waits for it."""

from alembic import context
from flask import current_app
from sqlalchemy import text

from orders.storage.encryption import EncryptedText
from orders.storage.types import JsonText, UtcDateTime

# Any number will do, as long as nothing else in the database locks the same one.
ADVISORY_LOCK = 7_264_401

db = current_app.extensions["migrate"].db


def render_item(kind, item, _autogenerate_context):
    """Return one of our column types as the source of an SQLAlchemy type, or False for others.

    Migrations then import none of our code. False lets Alembic render the item itself.
    """
    if kind == "type" and isinstance(item, JsonText):
        return "sa.Text()"
    if kind == "type" and isinstance(item, EncryptedText):
        return f"sa.String(length={item.impl.length})"
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    if context.is_offline_mode():
        raise SystemExit("The migrations need a database; --sql is not supported.")
    engine = db.engine.execution_options(sqlite_begin="IMMEDIATE")
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            render_item=render_item,
            render_as_batch=engine.dialect.name == "sqlite",
            compare_type=True,
            include_object=lambda thing, *_about: (
                thing.info.get("dialect", engine.dialect.name) == engine.dialect.name
            ),
            transactional_ddl=True,
        )
        context.run_migrations()


run()
