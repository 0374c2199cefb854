"""Setting up an org: tokens, staff accounts, attributes."""

import re
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.access import hash_secret, password_hasher
from orders.rules import domains
from orders.rules.attributes import AttributeRule, check_definition
from orders.rules.errors import Conflict, FieldError, InvalidOrder, NotFound
from orders.rules.json_values import find_unstorable
from orders.storage import database
from orders.storage.models import Attribute, Org, StaffAccount, Token

ROLES = ("sales", "admin")
MIN_PASSWORD = 10  # characters
MAX_NAME = 255  # characters, of an org or a token
MAX_PASSWORD = 1000  # characters; longer ones only cost time
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@dataclass(frozen=True, slots=True)
class OrgSettings:
    """What an admin may change of an org."""

    id: str
    name: str
    is_strict: bool
    may_public_list: bool


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that was just made; `secret` is shown once and stored as a hash only."""

    id: str
    secret: str


def add_org(name: str) -> str:
    """Make an org and return its ID. Raises InvalidOrder for a name that cannot be stored."""
    _check_name(name)
    org_id = str(uuid.uuid4())
    row = {"id": org_id, "name": name.strip(), "created_at": datetime.now(UTC)}
    database.write(lambda connection: connection.execute(insert(Org), row).rowcount)
    return org_id


def find_org(org_id: str) -> OrgSettings:
    """Read the settings of an org. Raises NotFound for an unknown one."""
    statement = select(Org.id, Org.name, Org.is_strict, Org.may_public_list)
    with database.read() as connection:
        row = connection.execute(statement.where(Org.id == org_id)).one_or_none()
    if row is None:
        raise NotFound("There is no org with this ID.")
    return OrgSettings(row.id, row.name, row.is_strict, row.may_public_list)


def change_org(org_id: str, *, name: str, is_strict: bool, may_public_list: bool) -> None:
    """Change the settings of an org, for orders from the next one on.

    Raises InvalidOrder for a name that cannot be stored, NotFound for an unknown org.
    """
    _check_name(name)

    def work(connection: Connection) -> None:
        _require_org(connection, org_id)
        values = {
            "name": name.strip(),
            "is_strict": is_strict,
            "may_public_list": may_public_list,
        }
        connection.execute(update(Org).where(Org.id == org_id).values(values))
        touch_rules(connection, org_id)

    database.write(work)


def add_token(org_id: str, *, name: str, is_private: bool, allowed: Sequence[str] = ()) -> NewToken:
    """Make a token of 256 random bits and return its ID and secret.

    A public token needs at least one domain, a private one takes none; InvalidOrder otherwise.
    Raises NotFound for an unknown org.
    """
    _check_name(name)
    _refuse("domain", "A private token has no domains.", when=is_private and bool(allowed))
    _refuse("domain", "A public token needs a domain.", when=not is_private and not allowed)
    try:
        checked = [domains.check_domain(domain) for domain in allowed]
    except ValueError as error:
        raise InvalidOrder([FieldError("domain", str(error))]) from error
    secret = f"so_{'prv' if is_private else 'pub'}_{secrets.token_urlsafe(32)}"
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "name": name.strip(),
        "is_private": is_private,
        "secret_hash": hash_secret(secret),
        "domains": checked,
        "created_at": datetime.now(UTC),
    }

    def work(connection: Connection) -> None:
        _require_org(connection, org_id)
        connection.execute(insert(Token), row)

    database.write(work)
    return NewToken(str(row["id"]), secret)


def revoke_token(token_id: str) -> None:
    """Make a token useless from now on. Raises NotFound for an unknown one; twice is fine."""

    def work(connection: Connection) -> int:
        known = connection.execute(select(Token.id).where(Token.id == token_id)).first()
        connection.execute(
            update(Token)
            .where(Token.id == token_id, Token.revoked_at.is_(None))
            .values(revoked_at=datetime.now(UTC))
        )
        return known is not None

    if not database.write(work):
        raise NotFound("There is no token with this ID.")


def add_staff(org_id: str, *, email: str, role: str, password: str) -> str:
    """Make a staff account and return its ID.

    Raises InvalidOrder naming the field, NotFound for an unknown org, Conflict when the address
    has an account already (addresses are unique over all orgs, because people sign in by them).
    """
    address = email.strip().lower()
    _refuse("email", "An e-mail address.", when=_EMAIL.fullmatch(address) is None)
    _refuse("role", f"One of: {', '.join(ROLES)}.", when=role not in ROLES)
    _refuse(
        "password",
        f"From {MIN_PASSWORD} to {MAX_PASSWORD:,} characters.",
        when=not MIN_PASSWORD <= len(password) <= MAX_PASSWORD,
    )
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "email": address,
        "role": role,
        "password_hash": password_hasher.hash(password),
        "created_at": datetime.now(UTC),
    }

    def work(connection: Connection) -> None:
        _require_org(connection, org_id)
        connection.execute(insert(StaffAccount), row)

    try:
        database.write(work)
    except IntegrityError as error:
        raise Conflict(f"{address} has an account already.") from error
    return str(row["id"])


def add_attribute(org_id: str, rule: AttributeRule) -> str:
    """Define an attribute and return its ID.

    Raises InvalidOrder for a definition that makes no sense, NotFound for an unknown org, Conflict
    when the org has the key already.
    """
    if errors := check_definition(rule):
        raise InvalidOrder(errors)
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "key": rule.key,
        "label": rule.label,
        "kind": str(rule.kind),
        "options": [{"value": option.value, "label": option.label} for option in rule.options],
        "applies": str(rule.applies),
        "is_required": rule.required,
        "default_value": rule.default,
        "is_visible_to_customer": rule.visible_to_customer,
        "created_at": datetime.now(UTC),
    }

    def work(connection: Connection) -> None:
        _require_org(connection, org_id)
        defined = select(func.count()).select_from(Attribute).where(Attribute.org_id == org_id)
        position = connection.execute(defined).scalar_one()
        connection.execute(insert(Attribute), {**row, "position": position})
        touch_rules(connection, org_id)

    try:
        database.write(work)
    except IntegrityError as error:
        raise Conflict(f"The org has an attribute {rule.key!r} already.") from error
    return str(row["id"])


def touch_rules(connection: Connection, org_id: str) -> None:
    """Raise the version of an org's rules: every process then reads them afresh."""
    connection.execute(
        update(Org).where(Org.id == org_id).values(rules_version=Org.rules_version + 1)
    )


def has_orgs() -> bool:
    """Tell whether any org exists; a database without one has just been made."""
    with database.read() as connection:
        return connection.execute(select(Org.id).limit(1)).first() is not None


def _require_org(connection: Connection, org_id: str) -> None:
    if connection.execute(select(Org.id).where(Org.id == org_id)).first() is None:
        raise NotFound("There is no org with this ID.")


def _check_name(name: str) -> None:
    _refuse("name", "From 1 to 255 characters.", when=not 1 <= len(name.strip()) <= MAX_NAME)
    if errors := find_unstorable(name, "name", nesting=0):
        raise InvalidOrder(errors)


def _refuse(path: str, message: str, *, when: bool) -> None:
    if when:
        raise InvalidOrder([FieldError(path, message)])
