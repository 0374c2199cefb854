"""Who may do what: tokens of scripts and web pages, accounts of staff.

Secrets are stored as hashes only. A token is 256 random bits, so one SHA-256 is enough; passwords
are short and need argon2.
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

from orders.rules import domains
from orders.rules.attributes import Applies, AttributeRule, Kind, Option
from orders.rules.errors import Forbidden, ServiceBusy, Unauthorized
from orders.rules.permissions import Permission, may
from orders.rules.preferences import Preferences, read_preferences
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.models.orgs import Attribute, Org, Token
from orders.storage.models.people import StaffAccount
from orders.storage.models.webhooks import WebhookRow

# The last use of a token is kept to the minute: a write for each read would halve the service.
LAST_USE_PRECISION = timedelta(minutes=1)

password_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class WebhookRule:
    """Which events of the org's orders a webhook is told about; no statuses mean all."""

    id: str
    topic: str
    statuses: frozenset[str]


@dataclass(frozen=True, slots=True)
class OrgRules:
    """What an org has laid down for its orders. Every change raises the org's `rules_version`."""

    org_id: str
    is_strict: bool
    attributes: tuple[AttributeRule, ...]
    may_public_list: bool = False
    webhooks: tuple[WebhookRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and for which org: a token or a staff account, by ID."""

    kind: Literal["token", "staff"]
    id: str
    org: OrgRules
    is_private: bool

    @property
    def org_id(self) -> str:
        """The one org that exists for this actor."""
        return self.org.org_id


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A signed-in person.

    `session_id` changes with the password and the second factor, which ends old sessions.
    """

    id: str
    email: str
    role: str
    actor: Actor
    session_id: str
    name: str = ""
    preferences: Preferences = field(default_factory=Preferences)
    has_second_factor: bool = False
    # The org demands a second factor, and this person has none yet.
    lacks_second_factor: bool = False

    @property
    def org_id(self) -> str:
        """The org that the person works for."""
        return self.actor.org_id

    @property
    def shown_name(self) -> str:
        """What others read: the person's name, or their address."""
        return self.name or self.email

    def may(self, permission: Permission) -> bool:
        """Tell whether the person's role allows it."""
        return may(self.role, permission)


@dataclass(frozen=True, slots=True)
class Origin:
    """The host that a browser names as the page's own, with its port when it is given."""

    host: str
    port: int | None


def hash_secret(secret: str) -> str:
    """Give the form in which a token's secret is stored: SHA-256, hexadecimal."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


_token_by_secret = CompiledSelect(
    select(
        Token.id,
        Token.is_private,
        Token.domains,
        Token.last_used_at,
        Token.revoked_at,
        Org.id.label("org_id"),
        Org.rules_version,
    )
    .join(Org, Org.id == Token.org_id)
    .where(Token.secret_hash == bindparam("secret_hash")),
    remembered=1024,
)


def authenticate(
    secret: str | None, *, origin: Origin | None, now: datetime | None = None
) -> Actor:
    """Find out who sent this token, and whether it may be used from there.

    `origin` is where the browser's page came from; it matters for public tokens only. Raises
    Unauthorized for a missing, unknown or revoked token and Forbidden for a public token that is
    used from elsewhere than its own domains (docs/contract.md, "Tokens").
    """
    if not secret:
        raise Unauthorized(mark("A token is needed: send it as “Authorization: Bearer …”."))
    rows = database.rows(_token_by_secret, {"secret_hash": hash_secret(secret)})
    if not rows or rows[0].revoked_at is not None:
        raise Unauthorized(mark("This token is not known, or it has been revoked."))
    found = rows[0]
    if not found.is_private and not _is_at_home(found.domains, origin):
        raise Forbidden(mark("This public token may be used only from pages of its own domains."))
    _note_use(found.id, found.last_used_at, now or datetime.now(UTC))
    org = _org_rules(found.org_id, found.rules_version)
    return Actor("token", found.id, org, found.is_private)


def refuse_foreign_org(sent: object, actor: Actor) -> None:
    """Raise Forbidden when the `orgId` that was sent is another org's than the actor's.

    A value of another type is for the schema to name.
    """
    if isinstance(sent, str) and sent.lower() != actor.org_id:
        raise Forbidden(mark("This token works in its own org only."))


def may_preflight(secret: str | None, origin: Origin) -> bool:
    """Tell whether a browser may send requests from this origin.

    A preflight carries no `Authorization` header. When the URL names a public token, that token
    decides; otherwise any active public token may: the request itself is checked again.
    """
    public = select(Token.domains).where(Token.is_private.is_(False), Token.revoked_at.is_(None))
    if secret:
        public = public.where(Token.secret_hash == hash_secret(secret))
    with database.read() as connection:
        return any(_is_at_home(row.domains, origin) for row in connection.execute(public))


def _is_at_home(allowed: list[str], origin: Origin | None) -> bool:
    return origin is not None and domains.is_allowed(origin.host, origin.port, allowed)


def _note_use(token_id: str, last_used_at: datetime | None, now: datetime) -> None:
    stale = now - LAST_USE_PRECISION
    if last_used_at is not None and last_used_at > stale:
        return

    # Reading must not depend on writing: an unnoted use is noted by the next one.
    with contextlib.suppress(ServiceBusy), database.transaction() as connection:
        connection.execute(
            update(Token)
            .where(Token.id == token_id)
            # Of many requests at once only the first writes.
            .where(or_(Token.last_used_at.is_(None), Token.last_used_at <= stale))
            .values(last_used_at=now)
        )


def org_rules_of(org_id: str) -> OrgRules:
    """Read the rules of an org that is known to exist."""
    statement = select(Org.rules_version).where(Org.id == org_id)
    with database.read() as connection:
        rules_version = connection.execute(statement).scalar_one()
    return _org_rules(org_id, rules_version)


@lru_cache(maxsize=1024)
def _org_rules(org_id: str, rules_version: int) -> OrgRules:  # noqa: ARG001 - the version is the cache's key: every change of the rules raises it
    settings = select(Org.is_strict, Org.may_public_list).where(Org.id == org_id)
    attributes = (
        select(Attribute)
        .where(Attribute.org_id == org_id)
        .order_by(Attribute.position, Attribute.id)
    )
    webhooks = (
        select(WebhookRow.id, WebhookRow.topic, WebhookRow.filter)
        .where(WebhookRow.org_id == org_id, WebhookRow.deleted_at.is_(None))
        .order_by(WebhookRow.created_at, WebhookRow.id)
    )
    with database.read() as connection:
        org = connection.execute(settings).one()
        rules = tuple(attribute_rule(row) for row in connection.execute(attributes))
        hooks = tuple(_webhook_rule(row) for row in connection.execute(webhooks))
    return OrgRules(org_id, org.is_strict, rules, org.may_public_list, hooks)


def _webhook_rule(row: Any) -> WebhookRule:  # noqa: ANN401 - a row of `webhook`
    return WebhookRule(row.id, row.topic, frozenset(row.filter.get("status", ())))


def attribute_rule(row: Any) -> AttributeRule:  # noqa: ANN401 - a row of `attribute`
    """Give the rule that a row of `attribute` holds."""
    return AttributeRule(
        key=row.key,
        label=row.label,
        kind=Kind(row.kind),
        options=tuple(Option(option["value"], option["label"]) for option in row.options),
        applies=Applies(row.applies),
        required=row.is_required,
        default=row.default_value,
        visible_to_customer=row.is_visible_to_customer,
    )


_staff = select(
    StaffAccount.id,
    StaffAccount.email,
    StaffAccount.role,
    StaffAccount.password_hash,
    StaffAccount.name,
    StaffAccount.preferences,
    StaffAccount.totp_secret,
    Org.id.label("org_id"),
    Org.rules_version,
    Org.needs_second_factor,
).join(Org, Org.id == StaffAccount.org_id)


def sign_in(email: str, password: str) -> StaffMember | None:
    """Check an e-mail address and password; None when they do not belong together.

    A person with a second factor is not signed in by this alone (orders/people/second_factor.py).
    Takes as long for an unknown address as for a wrong password, so that nobody can find out by the
    clock who has an account.
    """
    # No stored address holds a NUL, and PostgreSQL would not even compare one.
    address = email.strip().lower().replace("\0", "")
    return _proved(_find_staff(StaffAccount.email == address), password)


def prove_again(member: StaffMember, password: str) -> StaffMember | None:
    """Check the password of a person who is signed in already; None when it is another one."""
    return _proved(_find_staff(StaffAccount.id == member.id), password)


def _proved(row: Any | None, password: str) -> StaffMember | None:  # noqa: ANN401 - a row of `_staff`
    known_hash = row.password_hash if row is not None else _hash_of_nobody()
    try:
        password_hasher.verify(known_hash, password)
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return None
    return _staff_member(row) if row is not None else None


def reload_staff(staff_id: str) -> StaffMember | None:
    """Read a person anew, after a change of what their session's ID is made from."""
    row = _find_staff(StaffAccount.id == staff_id)
    return _staff_member(row) if row is not None else None


def load_staff(session_id: str) -> StaffMember | None:
    """Find the person of a session; None when its password or second factor has changed since."""
    staff_id, _, _ = session_id.partition(".")
    row = _find_staff(StaffAccount.id == staff_id)
    if row is None or not hmac.compare_digest(_session_id(row).encode(), session_id.encode()):
        return None
    return _staff_member(row)


def staff_actor(staff_id: str) -> Actor | None:
    """Give the account as who acts, also one that is disabled: what it has begun goes on."""
    statement = _staff.where(StaffAccount.id == staff_id)
    with database.read() as connection:
        row = connection.execute(statement).one_or_none()
    return None if row is None else _staff_member(row).actor


def _find_staff(condition: Any) -> Any | None:  # noqa: ANN401 - an SQL condition, and a row of `_staff`
    with database.read() as connection:
        return connection.execute(
            _staff.where(condition, StaffAccount.disabled_at.is_(None))
        ).one_or_none()


def _staff_member(row: Any) -> StaffMember:  # noqa: ANN401 - a row of `_staff`
    rules = _org_rules(row.org_id, row.rules_version)
    actor = Actor(kind="staff", id=row.id, org=rules, is_private=True)
    return StaffMember(
        id=row.id,
        email=row.email,
        role=row.role,
        actor=actor,
        session_id=_session_id(row),
        name=row.name,
        preferences=read_preferences(row.preferences),
        has_second_factor=row.totp_secret is not None,
        lacks_second_factor=row.needs_second_factor and row.totp_secret is None,
    )


def _session_id(row: Any) -> str:  # noqa: ANN401 - a row of `_staff`
    # A hash of argon2 holds no blank, so that no two pairs read alike.
    proofs = f"{row.password_hash} {row.totp_secret}" if row.totp_secret else row.password_hash
    return f"{row.id}.{hash_secret(proofs)[:16]}"


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return password_hasher.hash("nobody has this password")
