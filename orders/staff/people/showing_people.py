"""How pages show things to the person who looks: times in their zone, and what they may do."""

from datetime import datetime

from orders.rules.permissions import Permission
from orders.rules.preferences import Preferences
from orders.rules.texts import mark
from orders.staff.accounts import current_member
from orders.staff.blueprint import staff
from orders.web.language import translated

# What the roles are called: pages write `_(role)`.
ROLE_NAMES = (mark("sales"), mark("admin"), mark("viewer"))


def _preferences() -> Preferences:
    member = current_member()
    return Preferences() if member is None else member.preferences


@staff.app_template_filter("local")
def local(moment: datetime, seconds: bool = False) -> str:
    """Write a moment as the person wants it; `zone_name()` says in which zone."""
    return _preferences().write(moment, seconds=seconds)


@staff.app_template_global()
def zone_name() -> str:
    """Name the zone of all times that are shown, as `UTC` or `Berlin time`."""
    return translated(_preferences().zone_name)


@staff.app_template_global()
def own_look() -> Preferences:
    """Give the person's preferences, for the page's own element."""
    return _preferences()


@staff.app_template_global()
def may(permission: str) -> bool:
    """Tell whether the person may `read`, `enter` or change `settings`; nobody else may."""
    member = current_member()
    return member is not None and member.may(Permission(permission))
