"""Runs the migrations in one transaction; a second process that starts meanwhile waits for it."""

from contextlib import contextmanager

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


@contextmanager
def unchecked(connection):
    """Keep SQLite from checking foreign keys in the `with` block, outside of any transaction.

    Batch migrations copy a table and drop the old one, whose rows others refer to. `run`
    checks them all before it commits.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    # By the driver: within a transaction, which SQLAlchemy would begin, the pragma does nothing.
    driver = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys = OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys = ON")


def run() -> None:
    if context.is_offline_mode():
        raise SystemExit("The migrations need a database; --sql is not supported.")
    # A database that is not the application's is named by the caller.
    engine = context.config.attributes.get("engine", db.engine)
    engine = engine.execution_options(sqlite_begin="IMMEDIATE")
    with engine.connect() as connection, unchecked(connection), connection.begin():
        if engine.dialect.name == "postgresql":
            # A large table takes as long as it takes, and another process's migrations, too.
            for limit in ("statement_timeout", "lock_timeout"):
                connection.execute(text(f"SET LOCAL {limit} = 0"))
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
        if engine.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"Rows refer to others that are missing: {broken[:5]}")


run()
