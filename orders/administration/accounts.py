"""The staff accounts of an org: who signs in to the desk, and who may change its settings."""

import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.access import password_hasher
from orders.administration.checks import refuse, require_id
from orders.administration.orgs import require_org
from orders.rules.errors import Conflict, FieldError, NotFound, Taken
from orders.rules.json_values import find_unstorable
from orders.storage import database
from orders.storage.models import StaffAccount

ROLES = ("sales", "admin")
MIN_PASSWORD = 10  # characters
MAX_PASSWORD = 1000  # characters; longer ones only cost time
CONSONANTS = "bdfgklmnprstvz"
VOWELS = "aeiou"
SYLLABLES = 10  # of 70 kinds each: 61 bits
UNKNOWN = "There is no staff account with this ID."
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in, unless the account is disabled."""

    id: str
    email: str
    role: str
    created_at: datetime
    disabled_at: datetime | None


def add_staff(org_id: str, *, email: str, role: str, password: str) -> str:
    """Make a staff account and return its ID.

    Raises InvalidOrder naming the field, NotFound for an unknown org, Taken when the address has
    an account already (addresses are unique over all orgs, because people sign in by them).
    """
    address = email.strip().lower()
    errors = [] if _EMAIL.fullmatch(address) else [FieldError("email", "An e-mail address.")]
    errors += find_unstorable(address, "email", nesting=0)
    refuse([*errors, *_role_faults(role), *_password_faults(password)])
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "email": address,
        "role": role,
        "password_hash": password_hasher.hash(password),
        "created_at": datetime.now(UTC),
    }

    def work(connection: Connection) -> None:
        require_org(connection, org_id)
        connection.execute(insert(StaffAccount), row)

    try:
        database.write(work)
    except IntegrityError as error:
        raise Taken("email", f"{address} has an account already.") from error
    return str(row["id"])


def list_staff(org_id: str) -> list[Account]:
    """Give all accounts of the org: those in use by address, then those that are disabled."""
    statement = _accounts(org_id).order_by(
        StaffAccount.disabled_at.is_not(None), StaffAccount.email
    )
    with database.read() as connection:
        return [_account(row) for row in connection.execute(statement)]


def find_staff(org_id: str, staff_id: str) -> Account:
    """Read one account of the org. Raises NotFound."""
    with database.read() as connection:
        return _find(connection, org_id, staff_id)


def change_role(org_id: str, staff_id: str, *, role: str, by: str) -> None:
    """Give an account another role; `by` is the ID of the account that asks for it.

    Raises InvalidOrder for an unknown role, NotFound, and Conflict for one's own account and for
    the org's last admin.
    """
    refuse(_role_faults(role))

    def work(connection: Connection) -> None:
        require_org(connection, org_id, alone=True)
        account = _find(connection, org_id, staff_id)
        if account.role == role:
            return
        if role != "admin":
            _refuse_loss(connection, org_id, staff_id, by, "take the role admin from")
        _change(connection, org_id, staff_id, role=role)

    database.write(work)


def set_password(org_id: str, staff_id: str, *, password: str) -> None:
    """Give an account a new password; its sessions end. Raises InvalidOrder and NotFound."""
    refuse(_password_faults(password))
    password_hash = password_hasher.hash(password)

    def work(connection: Connection) -> None:
        _find(connection, org_id, staff_id)
        _change(connection, org_id, staff_id, password_hash=password_hash)

    database.write(work)


def disable_staff(org_id: str, staff_id: str, *, by: str) -> None:
    """Let nobody sign in by an account any more; its sessions end. Twice is fine.

    Raises NotFound, and Conflict for one's own account and for the org's last admin.
    """

    def work(connection: Connection) -> None:
        require_org(connection, org_id, alone=True)
        account = _find(connection, org_id, staff_id)
        if account.disabled_at is not None:
            return
        _refuse_loss(connection, org_id, staff_id, by, "disable")
        _change(connection, org_id, staff_id, disabled_at=datetime.now(UTC))

    database.write(work)


def enable_staff(org_id: str, staff_id: str) -> None:
    """Let people sign in by a disabled account again. Raises NotFound; twice is fine."""

    def work(connection: Connection) -> None:
        _find(connection, org_id, staff_id)
        _change(connection, org_id, staff_id, disabled_at=None)

    database.write(work)


def readable_password() -> str:
    """Make a random password of syllables that can be read out and typed: `daki-romu-…`."""
    syllables = [secrets.choice(CONSONANTS) + secrets.choice(VOWELS) for _ in range(SYLLABLES)]
    return "-".join("".join(syllables[at : at + 2]) for at in range(0, SYLLABLES, 2))


def _role_faults(role: str) -> list[FieldError]:
    return [] if role in ROLES else [FieldError("role", f"One of: {', '.join(ROLES)}.")]


def _password_faults(password: str) -> list[FieldError]:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        sentence = f"From {MIN_PASSWORD} to {MAX_PASSWORD:,} characters."
        return [FieldError("password", sentence)]
    return find_unstorable(password, "password", nesting=0)


def _refuse_loss(connection: Connection, org_id: str, staff_id: str, by: str, doing: str) -> None:
    """Keep people from shutting themselves out, and an org from losing its last admin.

    The caller holds the org: of two admins who act on each other, the second is refused.
    """
    if staff_id == by:
        raise Conflict(f"Nobody can {doing} their own account. Another admin can.")
    others = (
        select(func.count())
        .select_from(StaffAccount)
        .where(
            StaffAccount.org_id == org_id,
            StaffAccount.id != staff_id,
            StaffAccount.role == "admin",
            StaffAccount.disabled_at.is_(None),
        )
    )
    if not connection.execute(others).scalar_one():
        raise Conflict("This is the last admin of the org. Make somebody else an admin first.")


def _find(connection: Connection, org_id: str, staff_id: str) -> Account:
    require_id(staff_id, UNKNOWN)
    statement = _accounts(org_id).where(StaffAccount.id == staff_id)
    row = connection.execute(statement).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return _account(row)


def _change(connection: Connection, org_id: str, staff_id: str, **values: Any) -> None:  # noqa: ANN401 - values of columns
    own = (StaffAccount.org_id == org_id, StaffAccount.id == staff_id)
    connection.execute(update(StaffAccount).where(*own).values(**values))


def _accounts(org_id: str) -> Select[str, str, str, datetime, datetime | None]:
    return select(
        StaffAccount.id,
        StaffAccount.email,
        StaffAccount.role,
        StaffAccount.created_at,
        StaffAccount.disabled_at,
    ).where(StaffAccount.org_id == org_id)


def _account(row: Any) -> Account:  # noqa: ANN401 - a row of `_accounts`
    return Account(row.id, row.email, row.role, row.created_at, row.disabled_at)
