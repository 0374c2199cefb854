"""Setting up an org: itself, its tokens, its staff accounts, its attributes.

Every function names the org, and what belongs to another one does not exist for it: NotFound.
"""

from orders.administration.accounts import (
    MAX_PASSWORD,
    MIN_PASSWORD,
    ROLES,
    Account,
    add_staff,
    change_role,
    disable_staff,
    enable_staff,
    find_staff,
    list_staff,
    readable_password,
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
from orders.administration.orgs import (
    OrgSettings,
    add_org,
    change_org,
    find_org,
    has_orgs,
    touch_rules,
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

__all__ = [
    "MAX_PASSWORD",
    "MIN_PASSWORD",
    "ROLES",
    "SORTABLE_TOKEN_FIELDS",
    "AccessToken",
    "Account",
    "ChangedMeanwhile",
    "DefinedAttribute",
    "NewToken",
    "OrgSettings",
    "add_attribute",
    "add_org",
    "add_staff",
    "add_token",
    "change_attribute",
    "change_org",
    "change_role",
    "change_token",
    "disable_staff",
    "enable_staff",
    "find_attribute",
    "find_org",
    "find_staff",
    "find_token",
    "has_orgs",
    "list_active_tokens",
    "list_attributes",
    "list_staff",
    "list_tokens",
    "move_attribute",
    "readable_password",
    "remove_attribute",
    "revoke_token",
    "set_password",
    "touch_rules",
]
