"""Administration of an org: its settings, tokens, staff accounts and attributes.

Functions take the ID of the org, and raise NotFound for objects of another one.
"""

from orders.administration.accounts import (
    Account as Account,
)
from orders.administration.accounts import (
    add_staff as add_staff,
)
from orders.administration.accounts import (
    change_role as change_role,
)
from orders.administration.accounts import (
    disable_staff as disable_staff,
)
from orders.administration.accounts import (
    enable_staff as enable_staff,
)
from orders.administration.accounts import (
    find_staff as find_staff,
)
from orders.administration.accounts import (
    list_staff as list_staff,
)
from orders.administration.accounts import (
    set_password as set_password,
)
from orders.administration.attributes import (
    DefinedAttribute as DefinedAttribute,
)
from orders.administration.attributes import (
    add_attribute as add_attribute,
)
from orders.administration.attributes import (
    change_attribute as change_attribute,
)
from orders.administration.attributes import (
    find_attribute as find_attribute,
)
from orders.administration.attributes import (
    list_attributes as list_attributes,
)
from orders.administration.attributes import (
    move_attribute as move_attribute,
)
from orders.administration.attributes import (
    remove_attribute as remove_attribute,
)
from orders.administration.checks import (
    MAX_PASSWORD as MAX_PASSWORD,
)
from orders.administration.checks import (
    MIN_PASSWORD as MIN_PASSWORD,
)
from orders.administration.checks import (
    ChangedMeanwhile as ChangedMeanwhile,
)
from orders.administration.checks import (
    readable_password as readable_password,
)
from orders.administration.events import (
    AccountEvent as AccountEvent,
)
from orders.administration.events import (
    EventKind as EventKind,
)
from orders.administration.events import (
    list_events as list_events,
)
from orders.administration.invitations import (
    INVITED_FOR as INVITED_FOR,
)
from orders.administration.invitations import (
    Invitation as Invitation,
)
from orders.administration.invitations import (
    NewInvitation as NewInvitation,
)
from orders.administration.invitations import (
    accept as accept,
)
from orders.administration.invitations import (
    find_by_link as find_by_link,
)
from orders.administration.invitations import (
    find_invitation as find_invitation,
)
from orders.administration.invitations import (
    invite as invite,
)
from orders.administration.invitations import (
    invite_again as invite_again,
)
from orders.administration.invitations import (
    list_invitations as list_invitations,
)
from orders.administration.invitations import (
    withdraw as withdraw,
)
from orders.administration.orgs import (
    MAX_LOGO as MAX_LOGO,
)
from orders.administration.orgs import (
    CustomerPage as CustomerPage,
)
from orders.administration.orgs import (
    Logo as Logo,
)
from orders.administration.orgs import (
    OrgSettings as OrgSettings,
)
from orders.administration.orgs import (
    add_org as add_org,
)
from orders.administration.orgs import (
    bump_rules_version as bump_rules_version,
)
from orders.administration.orgs import (
    change_customer_page as change_customer_page,
)
from orders.administration.orgs import (
    change_org as change_org,
)
from orders.administration.orgs import (
    find_customer_page as find_customer_page,
)
from orders.administration.orgs import (
    find_logo as find_logo,
)
from orders.administration.orgs import (
    find_org as find_org,
)
from orders.administration.orgs import (
    has_orgs as has_orgs,
)
from orders.administration.orgs import (
    remove_logo as remove_logo,
)
from orders.administration.orgs import (
    set_logo as set_logo,
)
from orders.administration.resets import (
    RESET_WITHIN as RESET_WITHIN,
)
from orders.administration.resets import (
    address_of_reset as address_of_reset,
)
from orders.administration.resets import (
    ask_for_reset as ask_for_reset,
)
from orders.administration.resets import (
    make_reset as make_reset,
)
from orders.administration.resets import (
    set_by_reset as set_by_reset,
)
from orders.administration.tokens import (
    SORTABLE_TOKEN_FIELDS as SORTABLE_TOKEN_FIELDS,
)
from orders.administration.tokens import (
    AccessToken as AccessToken,
)
from orders.administration.tokens import (
    NewToken as NewToken,
)
from orders.administration.tokens import (
    add_token as add_token,
)
from orders.administration.tokens import (
    change_token as change_token,
)
from orders.administration.tokens import (
    find_token as find_token,
)
from orders.administration.tokens import (
    list_active_tokens as list_active_tokens,
)
from orders.administration.tokens import (
    list_tokens as list_tokens,
)
from orders.administration.tokens import (
    revoke_token as revoke_token,
)
from orders.rules.permissions import (
    ROLES as ROLES,
)
