"""The settings of the application that answers, for views and what they share."""

from flask import current_app

from orders.rules.inputs import Limits
from orders.settings import Settings


def settings_in_force() -> Settings:
    """Give the settings of the application that answers."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings


def limits_in_force() -> Limits:
    """Give the limits that protect the service."""
    return settings_in_force().limits
