"""Connects the application to its database, and to the replica if there is one."""

from flask import Flask

from orders.settings import Settings
from orders.storage.database import db
from orders.storage.postgresql import TimeLimits, engine_options, prepare
from orders.storage.replica import use_replica


def start_database(app: Flask, settings: Settings) -> None:
    """Prepare the engines of the application; they connect when they are first used."""
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_pool),
    )
    db.init_app(app)
    # It would end a session after each request; the services use connections, and no session.
    app.teardown_appcontext_funcs.clear()
    if settings.database_url.startswith("sqlite:"):
        return
    limits = TimeLimits(
        settings.statement_timeout, settings.lock_timeout, settings.idle_transaction_timeout
    )
    with app.app_context():
        prepare(db.engine, limits)
        if url := settings.database_read_url:
            use_replica(db.engine, url, limits, kept=settings.database_pool)
