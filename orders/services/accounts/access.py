"""Authentication of tokens and staff, and the rules of the org that they act for.

Only hashes of secrets are stored. SHA-256 is enough for tokens, which are 256 random bits;
passwords are short and need argon2.
"""

import contextlib
import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import bindparam, or_, select, update

from orders.domain import domains
from orders.domain.errors import Forbidden, ServiceBusy, Unauthorized
from orders.domain.permissions import Permission, may
from orders.domain.preferences import Preferences, read_preferences
from orders.domain.texts import lazy_gettext
from orders.services.accounts.org_rules import OrgRules, read_org_rules
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orgs import CustomerPageRow, Org, Token
from orders.storage.models.people import StaffAccount

# Precision of `last_used_at`: a write with every request would halve the throughput.
LAST_USE_PRECISION = timedelta(minutes=1)

# Names the setting as the page of the org's settings does.
IN_ADDRESS = lazy_gettext(
    "This organization does not accept private tokens in addresses (setting “Refuse private tokens"
    " in addresses”). Send the token as “Authorization: Bearer …”."
)

# Short IDs that a public token may name, or learn to be unknown, in one request.
MAX_PUBLIC_CODES = 50

password_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Actor:
    """The token or staff account that makes a request, and its org.

    `id` is the ID of the token or account. `is_private` is False only for public tokens, which are
    visible in web pages and therefore have fewer permissions.
    """

    kind: Literal["token", "staff"]
    id: str
    org: OrgRules
    is_private: bool

    @property
    def org_id(self) -> str:
        """The ID of the actor's org, the only org whose data the actor can access."""
        return self.org.org_id


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A signed-in person.

    `credentials` is a text that changes with the password and the second factor. A person who
    `lacks_second_factor`, because the org requires one, or who `must_change_password`, because
    someone else has chosen it, must do that before anything else. A person without `has_password`
    signs in with the company's account or a passkey. If the org `trusts_provider`, a sign-in with
    the company's account needs no second factor.
    """

    id: str
    email: str
    role: str
    actor: Actor
    credentials: str
    name: str = ""
    preferences: Preferences = field(default_factory=Preferences)
    has_second_factor: bool = False
    lacks_second_factor: bool = False
    must_change_password: bool = False
    has_password: bool = True
    trusts_provider: bool = False

    @property
    def org_id(self) -> str:
        """The ID of the person's org."""
        return self.actor.org_id

    @property
    def shown_name(self) -> str:
        """The person's name, or their e-mail address if they have not entered a name."""
        return self.name or self.email

    def may(self, permission: Permission) -> bool:
        """Return whether the person's role has the permission."""
        return may(self.role, permission)


@dataclass(frozen=True, slots=True)
class Origin:
    """The host and port in a request's `Origin` header; `port` is None if the header names none."""

    host: str
    port: int | None


def hash_secret(secret: str) -> str:
    """Return the hexadecimal SHA-256 of a random secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


_token_by_secret = CompiledSelect(
    select(
        Token.id,
        Token.is_private,
        Token.domains,
        Token.last_used_at,
        Token.last_in_address_at,
        Token.revoked_at,
        Org.id.label("org_id"),
        Org.rules_version,
    )
    .join(Org, Org.id == Token.org_id)
    .where(Token.secret_hash == bindparam("secret_hash")),
    remembered=1024,
)


def authenticate(
    secret: str | None,
    *,
    origin: Origin | None,
    in_address: bool = False,
    now: datetime | None = None,
) -> Actor:
    """Return the actor for the token with this secret, and record that the token was used.

    `secret` is None if no token was sent, and `origin` is None if the request has no `Origin`
    header. `in_address` says that the request's address contains the secret. Raises Unauthorized
    for a missing, unknown or revoked token, and Forbidden for a public token whose domains do not
    include `origin`, or a private token in an address if the org refuses that (docs/contract.md,
    "Tokens").
    """
    if not secret:
        raise Unauthorized(lazy_gettext("A token is needed: send it as “Authorization: Bearer …”."))
    rows = database.rows(_token_by_secret, {"secret_hash": hash_secret(secret)})
    if not rows or rows[0].revoked_at is not None:
        raise Unauthorized(lazy_gettext("This token is invalid or has been revoked."))
    found = rows[0]
    if not found.is_private and not _is_allowed_origin(found.domains, origin):
        raise Forbidden(lazy_gettext("This public token works only from pages on its own domains."))
    is_exposed = in_address and found.is_private
    _record_use(found, is_exposed, now or datetime.now(UTC))
    org = read_org_rules(found.org_id, found.rules_version)
    if is_exposed and org.refuses_address_tokens:
        raise Forbidden(IN_ADDRESS)
    return Actor("token", found.id, org, found.is_private)


def refuse_foreign_org(sent: object, actor: Actor) -> None:
    """Raise Forbidden if `sent`, the `orgId` in a request body, is another org's ID.

    An empty string and a value that is not a string are ignored.
    """
    if isinstance(sent, str) and sent and sent.lower() != actor.org_id:
        raise Forbidden(lazy_gettext("This token works in its own org only."))


def may_preflight(secret: str | None, origin: Origin) -> bool:
    """Return whether a browser at `origin` may send cross-origin requests (CORS preflight).

    A preflight request has no `Authorization` header. If its URL contains a token's secret, the
    token must be public and its domains must include `origin`. If `secret` is None, it is enough
    that the domains of some active public token include `origin`. `authenticate` checks the actual
    request again.
    """
    public = select(Token.domains).where(Token.is_private.is_(False), Token.revoked_at.is_(None))
    if secret:
        public = public.where(Token.secret_hash == hash_secret(secret))
    with database.read() as connection:
        return any(_is_allowed_origin(row.domains, origin) for row in connection.execute(public))


def _is_allowed_origin(allowed: list[str], origin: Origin | None) -> bool:
    return origin is not None and domains.is_allowed(origin.host, origin.port, allowed)


def _record_use(found: Any, is_exposed: bool, now: datetime) -> None:  # noqa: ANN401 - a row of `_token_by_secret`
    """Store when a token was used and, if it `is_exposed` in an address, when that was.

    Nothing is written for a use within LAST_USE_PRECISION of the one that is stored.
    """
    stale = now - LAST_USE_PRECISION
    values = {}
    if found.last_used_at is None or found.last_used_at <= stale:
        values["last_used_at"] = now
    if is_exposed and (found.last_in_address_at is None or found.last_in_address_at <= stale):
        values["last_in_address_at"] = now
    if not values:
        return
    due = [or_(getattr(Token, name).is_(None), getattr(Token, name) <= stale) for name in values]

    # Reading must not depend on writing; the next use is recorded instead.
    with contextlib.suppress(ServiceBusy), database.transaction() as connection:
        connection.execute(
            update(Token)
            # Of parallel requests only the first writes.
            .where(Token.id == found.id, or_(*due))
            .values(values)
        )


staff_with_org = (
    select(
        StaffAccount.id,
        StaffAccount.email,
        StaffAccount.role,
        StaffAccount.password_hash,
        StaffAccount.name,
        StaffAccount.preferences,
        StaffAccount.totp_secret,
        StaffAccount.must_change_password,
        StaffAccount.has_password,
        Org.id.label("org_id"),
        Org.rules_version,
        Org.needs_second_factor,
        Org.trusts_provider,
        CustomerPageRow.time_zone.label("org_time_zone"),
    )
    .join(Org, Org.id == StaffAccount.org_id)
    .outerjoin(CustomerPageRow, CustomerPageRow.org_id == Org.id)
)


def sign_in(email: str, password: str) -> StaffMember | None:
    """Return the person with this e-mail address and password, or None if there is none.

    Disabled accounts are ignored. The caller must then check the second factor
    (`second_factor.py`). An unknown address takes as long as a wrong password, so that response
    times do not reveal who has an account.
    """
    # PostgreSQL rejects NUL characters; no stored address contains one.
    address = email.strip().lower().replace("\0", "")
    return _verified(_find_staff(StaffAccount.email == address), password)


def hash_password(password: str) -> str:
    """Return the argon2 hash of a password, which takes a tenth of a second or so."""
    return password_hasher.hash(password)


def verify_password(member: StaffMember, password: str) -> StaffMember | None:
    """Return the person's current data if `password` is their password, else None.

    Also returns None if the account is disabled.
    """
    return _verified(_find_staff(StaffAccount.id == member.id), password)


def _verified(row: Any | None, password: str) -> StaffMember | None:  # noqa: ANN401 - a row of `staff_with_org`
    known_hash = row.password_hash if row is not None else _hash_of_nobody()
    try:
        password_hasher.verify(known_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return None
    return staff_member(row) if row is not None else None


def reload_staff(staff_id: str) -> StaffMember | None:
    """Return the person's current data; None if the account is disabled."""
    row = _find_staff(StaffAccount.id == staff_id)
    return staff_member(row) if row is not None else None


def find_by_credentials(credentials: str) -> StaffMember | None:
    """Return the person with these `credentials`.

    Returns None if `credentials` is malformed or outdated, or if the account is disabled.
    """
    staff_id, _, _ = credentials.partition(".")
    row = _find_staff(StaffAccount.id == staff_id)
    if row is None or not hmac.compare_digest(credentials_of(row).encode(), credentials.encode()):
        return None
    return staff_member(row)


def staff_actor(staff_id: str) -> Actor | None:
    """Return the actor for a staff account, even if it is disabled; None for an unknown ID."""
    statement = staff_with_org.where(StaffAccount.id == staff_id)
    with database.read() as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else staff_member(row).actor


def _find_staff(condition: Any) -> Any | None:  # noqa: ANN401 - an SQL condition, and a row of `staff_with_org`
    with database.read() as connection:
        return connection.execute(
            staff_with_org.where(condition, StaffAccount.disabled_at.is_(None))
        ).one_or_none()


def staff_member(row: Any) -> StaffMember:  # noqa: ANN401 - a row
    """Return the person in a row of `staff_with_org`."""
    rules = read_org_rules(row.org_id, row.rules_version)
    actor = Actor(kind="staff", id=row.id, org=rules, is_private=True)
    return StaffMember(
        id=row.id,
        email=row.email,
        role=row.role,
        actor=actor,
        credentials=credentials_of(row),
        name=row.name,
        preferences=read_preferences(row.preferences, row.org_time_zone),
        has_second_factor=row.totp_secret is not None,
        lacks_second_factor=row.needs_second_factor and row.totp_secret is None,
        must_change_password=row.must_change_password,
        has_password=row.has_password,
        trusts_provider=row.trusts_provider,
    )


def credentials_of(row: Any) -> str:  # noqa: ANN401 - a row
    """Return the `credentials` of the account in a row of `staff_account`."""
    # An argon2 hash contains no space, so two different pairs never give the same text.
    proofs = f"{row.password_hash} {row.totp_secret}" if row.totp_secret else row.password_hash
    return f"{row.id}.{hash_secret(proofs)[:16]}"


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return hash_password("nobody has this password")
