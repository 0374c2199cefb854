"""What a provider of company accounts says about a person (OpenID Connect), and what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orders.domain.errors import OrderError
from orders.domain.permissions import ROLES

# From the least to the most: of several roles the last one counts.
_BY_POWER = ("viewer", "sales", "admin")
ANY_VALUE = "*"
# Entra ID has no `email_verified`; its `xms_edov` says that the domain's owner is verified.
_VERIFIED = ("email_verified", "xms_edov")


class ProviderFailed(OrderError):  # noqa: N818 - named as the other errors
    """The provider did not sign the person in; `sentence` says why, and what to do."""


@dataclass(frozen=True, slots=True)
class CompanyIdentity:
    """A person as the provider of company accounts knows them.

    `issuer` and `subject` together identify the person forever. `email` is in lower case; it proves
    nothing unless `is_verified`. `role` is None if roles are not taken from the provider, and empty
    if the provider's values mean none. `proven_at` is when the person last entered their password
    or the like there, or None if the provider does not say.
    """

    issuer: str
    subject: str
    email: str
    is_verified: bool
    name: str = ""
    role: str | None = None
    proven_at: datetime | None = None


def read_roles(text: str) -> dict[str, str]:
    """Return the role for each value of the claim from a text such as `desk-admins=admin, *=sales`.

    The value `*` means any other value, and none. Raises ValueError for anything else.
    """
    roles = {}
    for one in filter(None, (part.strip() for part in text.split(","))):
        value, equals, role = (part.strip() for part in one.rpartition("="))
        if not (value and equals and role in ROLES):
            raise ValueError(one)
        roles[value] = role
    return roles


def role_of(claims: Mapping[str, Any], claim: str, roles: Mapping[str, str]) -> str | None:
    """Return the most powerful role that the values of a claim mean; "" if they mean none.

    `claim` is the name of the claim, with dots for a claim inside another one
    (`realm_access.roles`). Returns None if `claim` is empty.
    """
    if not claim:
        return None
    found = {roles[value] for value in _values_of(claims, claim) if value in roles}
    found = found or {roles.get(ANY_VALUE, "")}
    return max(found, key=("", *_BY_POWER).index)


def is_email_verified(claims: Mapping[str, Any]) -> bool:
    """Return whether the provider has verified the e-mail address, or the owner of its domain."""
    return any(claims.get(name) in (True, "true", "1") for name in _VERIFIED)


def _values_of(claims: Mapping[str, Any], claim: str) -> list[str]:
    found: Any = claims
    for name in (claim,) if claim in claims else claim.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    values = found if isinstance(found, list) else [found]
    return [one for one in values if isinstance(one, str)]
