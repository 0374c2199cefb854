"""Administration of an org: its settings, tokens, staff accounts and attributes.

Functions take the ID of the org, and raise NotFound for objects of another one.
"""

# The aliases export the names; sorting would split them into one statement for each name.
# isort: skip_file

from orders.services.accounts.accounts import (
    Account as Account,
    EventKind as EventKind,
    add_staff as add_staff,
    change_own as change_own,
    change_password as change_password,
    change_role as change_role,
    disable_staff as disable_staff,
    enable_staff as enable_staff,
    find_staff as find_staff,
    list_events as list_events,
    list_staff as list_staff,
    record_sign_in as record_sign_in,
    require_password as require_password,
    set_password as set_password,
)
from orders.services.accounts.attributes import (
    DefinedAttribute as DefinedAttribute,
    add_attribute as add_attribute,
    change_attribute as change_attribute,
    find_attribute as find_attribute,
    list_attributes as list_attributes,
    move_attribute as move_attribute,
    remove_attribute as remove_attribute,
)
from orders.services.accounts.checks import (
    MIN_PASSWORD as MIN_PASSWORD,
    ChangedMeanwhile as ChangedMeanwhile,
    readable_password as readable_password,
)
from orders.services.accounts.invitations import (
    Invitation as Invitation,
    NewInvitation as NewInvitation,
    accept as accept,
    find_by_link as find_by_link,
    find_invitation as find_invitation,
    invite as invite,
    invite_again as invite_again,
    list_invitations as list_invitations,
    withdraw as withdraw,
)
from orders.services.accounts.orgs import (
    MAX_LOGO as MAX_LOGO,
    CustomerPage as CustomerPage,
    add_org as add_org,
    bump_rules_version as bump_rules_version,
    change_customer_page as change_customer_page,
    change_org as change_org,
    find_customer_page as find_customer_page,
    find_logo as find_logo,
    find_org as find_org,
    has_orgs as has_orgs,
    remove_logo as remove_logo,
    set_logo as set_logo,
)
from orders.services.accounts.resets import (
    RESET_WITHIN as RESET_WITHIN,
    address_of_reset as address_of_reset,
    ask_for_reset as ask_for_reset,
    make_reset as make_reset,
    set_by_reset as set_by_reset,
)
from orders.services.accounts.tokens import (
    SORTABLE_TOKEN_FIELDS as SORTABLE_TOKEN_FIELDS,
    AccessToken as AccessToken,
    NewToken as NewToken,
    add_token as add_token,
    change_token as change_token,
    find_token as find_token,
    list_active_tokens as list_active_tokens,
    list_tokens as list_tokens,
    revoke_token as revoke_token,
)
from orders.domain.permissions import ROLES as ROLES
