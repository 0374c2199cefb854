"""What each role of staff may do, and what customers must enter before they see their order."""

import hmac
import unicodedata
from enum import StrEnum

from orders.domain.texts import lazy_gettext


class Permission(StrEnum):
    """What a role permits at the sales desk. Everyone may also change their own account."""

    READ = "read"  # orders, lists, configurations, requests
    ENTER = "enter"  # new orders, changes, drafts, templates and the like
    SETTINGS = "settings"  # of the org: people, tokens, attributes, webhooks, imports


PERMISSIONS: dict[str, frozenset[Permission]] = {
    "viewer": frozenset({Permission.READ}),
    "sales": frozenset({Permission.READ, Permission.ENTER}),
    "admin": frozenset(Permission),
}
# Their names; pages translate them, the wire does not.
ROLES = (lazy_gettext("sales"), lazy_gettext("admin"), lazy_gettext("viewer"))
# How the pages explain each role.
ROLE_LABELS = {
    "sales": lazy_gettext("Sales: create and find orders"),
    "admin": lazy_gettext("Admin: also change settings"),
    "viewer": lazy_gettext("Viewer: view only"),
}
REFUSALS = {
    Permission.READ: lazy_gettext("You don't have access to this. Ask an admin."),
    Permission.ENTER: lazy_gettext(
        "You can view orders, but not create or change anything. Ask an admin for a different role."
    ),
    Permission.SETTINGS: lazy_gettext(
        "Only admins can view and change settings. Ask an admin in your team."
    ),
}


def may(role: str, permission: Permission) -> bool:
    """Return whether staff with this role have the permission; False for an unknown role."""
    return permission in PERMISSIONS.get(role, frozenset())


class CustomerCheck(StrEnum):
    """What an org asks customers for before they see an order: nothing, or its customer ID."""

    NONE = "none"
    CUSTOMER_ID = "customerId"


class PublicReads(StrEnum):
    """What an org lets its public tokens read of orders that they did not create."""

    BY_CHECK = ""  # in full as long as CustomerCheck.NONE applies, then what customers see
    FULL = "full"
    CUSTOMER = "customer"  # what the customer's page shows, after the same verification


class Gate(StrEnum):
    """What a customer sees who has an order's short ID but has not entered its customer ID."""

    OPEN = "open"  # the order: nothing is asked for, or it was answered
    ASKS = "asks"  # a form that asks for the customer ID
    SHUT = "shut"  # nothing: the customer ID would be asked for, and the order has none


def fact_of(text: str | None) -> str:
    """Return a customer ID normalized for comparison; `""` if it is None or nothing is left.

    The text is case-folded, and spaces, hyphens and invisible characters are removed.
    """
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    # Cc and Z…: blanks of every kind; Pd: hyphens and dashes; Cf: invisible, from a copied text.
    return "".join(
        one for one in folded if unicodedata.category(one) not in {"Cc", "Cf", "Pd"}
        and not unicodedata.category(one).startswith("Z") and one != "\N{MINUS SIGN}"
    )  # fmt: skip


def is_fact(typed: str, customer_id: str | None) -> bool:
    """Return whether `typed` equals the order's customer ID, after `fact_of` normalized both.

    False if the order has no customer ID. The time taken does not show how much of `typed` is
    right.
    """
    expected = fact_of(customer_id).encode("utf-8", "surrogatepass")
    given = fact_of(typed).encode("utf-8", "surrogatepass")
    return hmac.compare_digest(expected, given) and expected != b""


def gate_of(check: CustomerCheck, customer_id: str | None) -> Gate:
    """Return what customers see of an order before they have entered its customer ID.

    `check` is what the order's org asks for; `customer_id` is the order's customer ID, or None.
    """
    if check is CustomerCheck.NONE:
        return Gate.OPEN
    return Gate.ASKS if fact_of(customer_id) else Gate.SHUT


def lock_of(order_id: str, customer_id: str | None) -> str:
    """Return the text to sign in the cookie that unlocks an order for a customer.

    It contains the order's ID and its normalized customer ID, so that a cookie becomes invalid when
    the order's customer ID changes.
    """
    return f"{order_id}:{fact_of(customer_id)}"
