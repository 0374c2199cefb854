"""The limit of the server: a Flask application that only answers."""

from flask import Flask


def create_app() -> Flask:
    """Make the application; `/` answers one short text."""
    app = Flask(__name__)
    app.add_url_rule("/", "bare", lambda: "bare")
    return app
