"""The limit of tries to sign in to one account, for the views that check a password."""

import contextlib
from collections.abc import Iterator

from flask import current_app
from werkzeug.exceptions import TooManyRequests

from orders.domain.errors import InvalidInput, ServiceBusy
from orders.interfaces.http.limiters import client_network
from orders.services.accounts.access import StaffMember
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
def one_try(member: StaffMember, path: str) -> Iterator[None]:
    """Use up a try of a signed-in person, in which a form asks for their password.

    All tries are reset unless the password, whose field is `path`, is refused. Raises
    TooManyRequests if none is left: someone who has taken over a session cannot guess it.
    """
    with contextlib.suppress(ServiceBusy):
        if wait := _tries().take_inside(member.id):
            raise TooManyRequests(retry_after=wait)
    try:
        yield
    except InvalidInput as invalid:
        if not any(error.path == path for error in invalid.errors):
            _reset(member)
        raise
    _reset(member)


def _reset(member: StaffMember) -> None:
    with contextlib.suppress(ServiceBusy):
        _tries().reset_inside(member.id)


def _tries() -> SignInTries:
    tries: SignInTries = current_app.extensions["sign_in_tries"]
    return tries
