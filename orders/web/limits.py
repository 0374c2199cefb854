"""Rate limits: how often one address may try to sign in or look an order up."""

from flask import current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

# No limit of its own: only the views that name one are limited.
limiter = Limiter(key_func=get_remote_address)


def lookup_limit() -> str:
    """Give the limit of look-ups by one address, as `30 per minute`."""
    return str(current_app.config["LOOKUP_LIMIT"])


def sign_in_limit() -> str:
    """Give the limit of tries to sign in by one address."""
    return str(current_app.config["SIGN_IN_LIMIT"])
