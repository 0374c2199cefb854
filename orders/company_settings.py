"""The settings of sign-in with the company's account, checked at the start."""

from importlib.util import find_spec
from urllib.parse import urlsplit

from orders.domain.company_accounts import read_roles
from orders.domain.identifiers import read_uuid
from orders.environment import BadSetting


def check_company_accounts(
    issuer: str, client_id: str, client_secret: str, scopes: str, org: str, claim: str, roles: str
) -> None:
    """Raise BadSetting if the settings OIDC_… do not fit together; an empty issuer always does."""
    if not issuer:
        return
    if find_spec("authlib") is None:
        raise BadSetting("OIDC_ISSUER needs the extra [oidc] of the wheel that is installed.")
    parts = urlsplit(issuer)
    is_safe = parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not (is_safe and parts.netloc):
        raise BadSetting("OIDC_ISSUER must begin with https:// .")
    if not (client_id and client_secret):
        raise BadSetting("OIDC_ISSUER also needs OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.")
    if "openid" not in scopes.split():
        raise BadSetting("OIDC_SCOPES must contain openid.")
    if org and read_uuid(org) is None:
        raise BadSetting("OIDC_ORG must be the ID of an org, as `shortorder org list` prints it.")
    try:
        found = read_roles(roles)
    except ValueError as error:
        raise BadSetting(
            f"OIDC_ROLES has {str(error)!r}; write desk-admins=admin, desk-people=sales, *=viewer."
        ) from error
    if bool(claim) != bool(found):
        raise BadSetting("OIDC_ROLE_CLAIM and OIDC_ROLES need each other.")
