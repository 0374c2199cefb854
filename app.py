"""The application for `flask --app app`; `orders/application.py` puts it together."""

from orders.application import create_app, create_served_app

__all__ = ["create_app", "create_served_app"]
