"""Beginning a session, and going on with it after a change that ends the person's sessions."""

import contextlib

from flask import g, session
from flask_login import login_user

from orders import access
from orders.access import StaffMember
from orders.people import own_account
from orders.rules.errors import ServiceBusy
from orders.staff.accounts import SignedIn
from orders.staff.blueprint import MUST_SET_UP


def begin_session() -> None:
    """End the session from before, with everything that stood in it, and begin another."""
    session.clear()
    session.permanent = True
    # The token of the old session would protect the next form of this answer, and fail.
    g.pop("csrf_token", None)


def begin_signed_in(member: StaffMember, *, by_recovery_code: bool = False) -> None:
    """Begin the session of a person who has proved who they are, and note it."""
    begin_session()
    login_user(SignedIn(member))
    # A sign-in must not depend on writing.
    with contextlib.suppress(ServiceBusy):
        own_account.record_sign_in(member, by_recovery_code=by_recovery_code)
    if member.lacks_second_factor:
        session[MUST_SET_UP] = True


def stay_signed_in(member: StaffMember) -> None:
    """Go on with this session after a new password or another second factor."""
    again = access.reload_staff(member.id)
    if again is not None:
        login_user(SignedIn(again))
