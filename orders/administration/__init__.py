"""Setting up an org: itself, its tokens, its staff accounts, its attributes.

Every function names the org, and what belongs to another one does not exist for it: NotFound.
"""

from orders.administration.accounts import (
    Account,
    add_staff,
    change_role,
    disable_staff,
    enable_staff,
    find_staff,
    list_staff,
    set_password,
)
from orders.administration.attributes import (
    DefinedAttribute,
    add_attribute,
    change_attribute,
    find_attribute,
    list_attributes,
    move_attribute,
    remove_attribute,
)
from orders.administration.checks import ChangedMeanwhile
from orders.administration.events import Event, Happened, list_events
from orders.administration.invitations import (
    INVITED_FOR,
    Invitation,
    NewInvitation,
    accept,
    find_by_link,
    find_invitation,
    invite,
    invite_again,
    list_invitations,
    withdraw,
)
from orders.administration.orgs import (
    OrgSettings,
    add_org,
    change_org,
    find_org,
    has_orgs,
    touch_rules,
)
from orders.administration.passwords import MAX_PASSWORD, MIN_PASSWORD, readable_password
from orders.administration.resets import (
    RESET_WITHIN,
    address_of_reset,
    ask_for_reset,
    make_reset,
    set_by_reset,
)
from orders.administration.tokens import (
    SORTABLE_TOKEN_FIELDS,
    AccessToken,
    NewToken,
    add_token,
    change_token,
    find_token,
    list_active_tokens,
    list_tokens,
    revoke_token,
)
from orders.rules.permissions import ROLES

__all__ = [
    "INVITED_FOR",
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "RESET_WITHIN",
    "ROLES",
    "SORTABLE_TOKEN_FIELDS",
    "AccessToken",
    "Account",
    "ChangedMeanwhile",
    "DefinedAttribute",
    "Event",
    "Happened",
    "Invitation",
    "NewInvitation",
    "NewToken",
    "OrgSettings",
    "accept",
    "add_attribute",
    "add_org",
    "add_staff",
    "add_token",
    "address_of_reset",
    "ask_for_reset",
    "change_attribute",
    "change_org",
    "change_role",
    "change_token",
    "disable_staff",
    "enable_staff",
    "find_attribute",
    "find_by_link",
    "find_invitation",
    "find_org",
    "find_staff",
    "find_token",
    "has_orgs",
    "invite",
    "invite_again",
    "list_active_tokens",
    "list_attributes",
    "list_events",
    "list_invitations",
    "list_staff",
    "list_tokens",
    "make_reset",
    "move_attribute",
    "readable_password",
    "remove_attribute",
    "revoke_token",
    "set_by_reset",
    "set_password",
    "touch_rules",
    "withdraw",
]
