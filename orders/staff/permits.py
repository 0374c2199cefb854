"""What each view of the desk asks of a person's role: decided here, before any view runs.

A view says what it needs by a decorator below its route. One that says nothing needs READ to be
looked at and ENTER for anything else, so that a view that somebody forgets is closed to readers.
"""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from orders.access import StaffMember
from orders.rules.errors import Forbidden
from orders.rules.permissions import REFUSALS, Permission

P = ParamSpec("P")
R = TypeVar("R")

_LOOKING = {"GET", "HEAD", "OPTIONS"}
# By endpoint; None is for everybody who is signed in. The pages that are forms for entering stand
# here, because they are only looked at.
_NEEDED: dict[str, Permission | None] = {
    "staff.new_order": Permission.ENTER,
    "staff.edit_order": Permission.ENTER,
    "staff.suggest_configurations": Permission.ENTER,
    "staff.suggest_customers": Permission.ENTER,
    "staff.show_order_imports": Permission.ENTER,
    "staff.show_order_import": Permission.ENTER,
    "staff.choose_matching": Permission.ENTER,
    "staff.order_import_errors": Permission.ENTER,
    "staff.order_import_result": Permission.ENTER,
    "staff.order_import_sample": Permission.ENTER,
    # What one's own list looks like is nobody else's.
    "staff.choose_columns": Permission.READ,
    "staff.sign_out": None,
}


def needs(permission: Permission | None) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Say what a view needs, by whatever method it is called; stands below the route."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        _NEEDED[f"staff.{view.__name__}"] = permission
        return view

    return mark


# What people see to for themselves.
for_everybody = needs(None)
# The settings of the org.
admin_only = needs(Permission.SETTINGS)


def needed_for(endpoint: str, method: str) -> Permission | None:
    """Give what a request needs."""
    by_method = Permission.READ if method in _LOOKING else Permission.ENTER
    return _NEEDED.get(endpoint, by_method)


def require_permission(member: StaffMember, endpoint: str, method: str) -> None:
    """Raise Forbidden with a sentence when the person's role does not allow the request."""
    permission = needed_for(endpoint, method)
    if permission is not None and not member.may(permission):
        raise Forbidden(REFUSALS[permission])
