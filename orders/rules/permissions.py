"""What each role of staff may do. Nowhere else is a role compared with a name."""

from enum import StrEnum

from orders.rules.texts import mark


class Permission(StrEnum):
    """What a person may do at the desk; everybody may see to their own account."""

    READ = "read"  # orders, lists, configurations, requests
    ENTER = "enter"  # new orders, changes, drafts, templates, whatever else is kept for others
    SETTINGS = "settings"  # of the org: people, tokens, attributes, webhooks, imports


PERMISSIONS: dict[str, frozenset[Permission]] = {
    "viewer": frozenset({Permission.READ}),
    "sales": frozenset({Permission.READ, Permission.ENTER}),
    "admin": frozenset(Permission),
}
# Their names; pages translate them, the wire does not.
ROLES = (mark("sales"), mark("admin"), mark("viewer"))
# What the pages say of each role.
ROLE_LABELS = {
    "sales": mark("sales: enters and finds orders"),
    "admin": mark("admin: changes the settings too"),
    "viewer": mark("viewer: reads, and changes nothing"),
}
REFUSALS = {
    Permission.READ: mark("Your account may not see this. Ask an admin."),
    Permission.ENTER: mark(
        "Your account may read orders, but not enter or change anything. Ask an admin for another "
        "role."
    ),
    Permission.SETTINGS: mark(
        "Only admins may see and change the settings. Ask a colleague who is one."
    ),
}


def may(role: str, permission: Permission) -> bool:
    """Tell whether people with this role may do it; a role that nobody knows may nothing."""
    return permission in PERMISSIONS.get(role, frozenset())
