"""The staff accounts of an org: who signs in to the desk, and who may change its settings."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.administration.checks import refuse, require_id
from orders.administration.events import Happened, note
from orders.administration.orgs import require_org
from orders.administration.passwords import hash_password, password_faults
from orders.rules.errors import Conflict, FieldError, NotFound, Taken
from orders.rules.json_values import find_unstorable
from orders.rules.permissions import ROLES
from orders.rules.texts import Text, mark
from orders.storage import database
from orders.storage.people_models import PasswordReset, StaffAccount

UNKNOWN = mark("There is no staff account with this ID.")
LAST_ADMIN = mark("This is the last admin of the org. Make somebody else an admin first.")
NOT_ONES_OWN_ROLE = mark(
    "Nobody can take the role admin from their own account. Another admin can."
)
NOT_ONES_OWN_ACCOUNT = mark("Nobody can disable their own account. Another admin can.")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@dataclass(frozen=True, slots=True)
class Account:
    """A person who may sign in, unless the account is disabled."""

    id: str
    email: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    name: str
    last_signed_in_at: datetime | None
    has_second_factor: bool


def address_faults(address: str) -> list[FieldError]:
    """Say what is wrong with an e-mail address, which is small and without blanks around it."""
    errors = [] if _EMAIL.fullmatch(address) else [FieldError("email", mark("An e-mail address."))]
    return errors + find_unstorable(address, "email", nesting=0)


def has_account(address: str) -> Text:
    """Say that there is an account of this address; one person has one account."""
    return mark("%(address)s has an account already.", address=address)


def role_faults(role: str) -> list[FieldError]:
    """Say what is wrong with the name of a role."""
    return (
        []
        if role in ROLES
        else [FieldError("role", mark("One of: %(options)s.", options=", ".join(ROLES)))]
    )


def new_account(
    org_id: str, *, email: str, role: str, password_hash: str, name: str = ""
) -> dict[str, Any]:
    """Give the row of a new account."""
    return {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "email": email,
        "role": role,
        "password_hash": password_hash,
        "created_at": datetime.now(UTC),
        "name": name,
        "preferences": {},
    }


def add_staff(org_id: str, *, email: str, role: str, password: str) -> str:
    """Make a staff account and return its ID.

    Raises InvalidInput naming the field, NotFound for an unknown org, Taken when the address has
    an account already (addresses are unique over all orgs, because people sign in by them).
    """
    address = email.strip().lower()
    refuse([*address_faults(address), *role_faults(role), *password_faults(password)])
    row = new_account(org_id, email=address, role=role, password_hash=hash_password(password))

    def work(connection: Connection) -> None:
        require_org(connection, org_id)
        connection.execute(insert(StaffAccount), row)

    try:
        database.write(work)
    except IntegrityError as error:
        raise Taken("email", has_account(address)) from error
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

    Raises InvalidInput for an unknown role, NotFound, and Conflict for one's own account and for
    the org's last admin.
    """
    refuse(role_faults(role))

    def work(connection: Connection) -> None:
        require_org(connection, org_id, alone=True)
        account = _find(connection, org_id, staff_id)
        if account.role == role:
            return
        if role != "admin":
            _refuse_loss(connection, org_id, staff_id, by, NOT_ONES_OWN_ROLE)
        _change(connection, org_id, staff_id, role=role)
        note(connection, staff_id, Happened.ROLE, by=by)

    database.write(work)


def set_password(org_id: str, staff_id: str, *, password: str, by: str | None = None) -> None:
    """Give an account a new password; its sessions end, and its reset links are of no use any more.

    `by` is the ID of the account that asks for it. Raises InvalidInput and NotFound.
    """
    refuse(password_faults(password))
    password_hash = hash_password(password)

    def work(connection: Connection) -> None:
        _find(connection, org_id, staff_id)
        replace_password(connection, staff_id, password_hash, by=by)

    database.write(work)


def replace_password(
    connection: Connection,
    staff_id: str,
    password_hash: str,
    *,
    kind: Happened = Happened.PASSWORD,
    by: str | None = None,
) -> None:
    """Put another password in place, end the account's reset links, and note what happened."""
    own = StaffAccount.id == staff_id
    connection.execute(update(StaffAccount).where(own).values(password_hash=password_hash))
    connection.execute(
        update(PasswordReset)
        .where(PasswordReset.staff_id == staff_id, PasswordReset.used_at.is_(None))
        .values(used_at=datetime.now(UTC))
    )
    note(connection, staff_id, kind, by=by)


def disable_staff(org_id: str, staff_id: str, *, by: str) -> None:
    """Let nobody sign in by an account any more; its sessions end. Twice is fine.

    Raises NotFound, and Conflict for one's own account and for the org's last admin.
    """

    def work(connection: Connection) -> None:
        require_org(connection, org_id, alone=True)
        account = _find(connection, org_id, staff_id)
        if account.disabled_at is not None:
            return
        _refuse_loss(connection, org_id, staff_id, by, NOT_ONES_OWN_ACCOUNT)
        _change(connection, org_id, staff_id, disabled_at=datetime.now(UTC))
        note(connection, staff_id, Happened.DISABLED, by=by)

    database.write(work)


def enable_staff(org_id: str, staff_id: str, *, by: str | None = None) -> None:
    """Let people sign in by a disabled account again. Raises NotFound; twice is fine."""

    def work(connection: Connection) -> None:
        if _find(connection, org_id, staff_id).disabled_at is None:
            return
        _change(connection, org_id, staff_id, disabled_at=None)
        note(connection, staff_id, Happened.ENABLED, by=by)

    database.write(work)


def _refuse_loss(connection: Connection, org_id: str, staff_id: str, by: str, own: Text) -> None:
    """Keep people from shutting themselves out, and an org from losing its last admin.

    `own` is the sentence for one's own account. The caller holds the org: of two admins who act on
    each other, the second is refused.
    """
    if staff_id == by:
        raise Conflict(own)
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
        raise Conflict(LAST_ADMIN)


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


def _accounts(org_id: str) -> Any:  # noqa: ANN401 - a statement, whose type would list its columns
    return select(
        StaffAccount.id,
        StaffAccount.email,
        StaffAccount.role,
        StaffAccount.created_at,
        StaffAccount.disabled_at,
        StaffAccount.name,
        StaffAccount.last_signed_in_at,
        StaffAccount.totp_secret.is_not(None).label("has_second_factor"),
    ).where(StaffAccount.org_id == org_id)


def _account(row: Any) -> Account:  # noqa: ANN401 - a row of `_accounts`
    return Account(**row._mapping)
