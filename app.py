"""The application for `flask --app app`; `orders/application.py` puts it together."""

from flask import Flask
from flask_migrate import Migrate

from orders import application
from orders.application import create_served_app
from orders.settings import MIGRATIONS, Settings
from orders.storage.database import db

__all__ = ["create_app", "create_served_app"]


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application with its commands, and with those for writing migrations."""
    app = application.create_app(settings)
    Migrate(app, db, directory=str(MIGRATIONS))
    return app
