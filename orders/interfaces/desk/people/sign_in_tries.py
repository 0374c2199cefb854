"""The limit of tries to sign in to one account, for the views that check a password."""

import contextlib
from collections.abc import Iterator

from flask import current_app
from werkzeug.exceptions import TooManyRequests

from orders.domain.errors import InvalidInput, ServiceBusy
from orders.interfaces.http.limiters import client_network
from orders.services.accounts.sign_in_tries import SignInTries


def require_try_left(email: str) -> None:
    """Use up a try for the account with this e-mail address; raise TooManyRequests if none is left.

    While the database is busy, nothing is counted: people can sign in then, too, and the limit by
    address still applies.
    """
    with contextlib.suppress(ServiceBusy):
        if wait := _tries().take(email, client_network()):
            raise TooManyRequests(retry_after=wait)


def remember_success(email: str) -> None:
    """Reset the tries of an account from this address, after a complete sign-in."""
    with contextlib.suppress(ServiceBusy):
        _tries().remember_success(email, client_network())


@contextlib.contextmanager
def one_try(email: str, path: str) -> Iterator[None]:
    """Use up a try for an account, in which a form asks the signed-in person for their password.

    The account's tries are given back unless the password, whose field is `path`, is refused.
    Raises TooManyRequests if no try is left: someone who has taken over a session cannot guess it.
    """
    require_try_left(email)
    try:
        yield
    except InvalidInput as invalid:
        if not any(error.path == path for error in invalid.errors):
            remember_success(email)
        raise
    remember_success(email)


def _tries() -> SignInTries:
    tries: SignInTries = current_app.extensions["sign_in_tries"]
    return tries
