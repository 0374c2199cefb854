"""Rate limits: how often one address may try to sign in or look an order up."""

from collections.abc import Iterable

from flask import Flask, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

# No limit of its own: only the views that name one are limited.
limiter = Limiter(key_func=get_remote_address)


def start_limiter(app: Flask, blueprints: Iterable[str]) -> None:
    """Start the limiter for the blueprints that have limits, and for them alone.

    Flask-Limiter looks at every request; the JSON door would pay an eighth of its time for limits
    that it does not have.
    """
    before, after = app.before_request_funcs[None], app.after_request_funcs[None]
    had_before, had_after = len(before), len(after)
    limiter.init_app(app)
    for hooks, had, by_blueprint in (
        (before, had_before, app.before_request_funcs),
        (after, had_after, app.after_request_funcs),
    ):
        added = hooks[had:]
        del hooks[had:]
        for name in blueprints:
            by_blueprint[name] = [*added, *by_blueprint[name]]


def lookup_limit() -> str:
    """Give the limit of look-ups by one address, as `30 per minute`."""
    return str(current_app.config["LOOKUP_LIMIT"])


def sign_in_limit() -> str:
    """Give the limit of tries to sign in by one address."""
    return str(current_app.config["SIGN_IN_LIMIT"])
