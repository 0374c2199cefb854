"""The staff accounts of an org, which admins create, enable and disable.

Admins also change roles and set passwords. Each of these changes ends the account's sessions.
"""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain.errors import Conflict, FieldError, NotFound, Taken
from orders.domain.mail_server import is_mail_address
from orders.domain.permissions import ROLES
from orders.domain.texts import Text, lazy_gettext
from orders.services.accounts.access import hash_password
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.acting import Doer
from orders.services.accounts.checks import find_row, refuse
from orders.services.accounts.orgs import require_org
from orders.services.accounts.passwords import org_words, password_errors, words_about
from orders.services.accounts.sessions import end_all
from orders.storage import database
from orders.storage.models.people import PasskeyRow, PasswordReset, StaffAccount
from orders.storage.tables import columns_of, staff_account

# End of the address of an erased account, in front of which is its ID: nobody can have such an
# address (RFC 2606).
ERASED = "@erased.invalid"
NOBODY = lazy_gettext("This account was erased. Invite the person again.")
UNKNOWN = lazy_gettext("There is no staff account with this ID.")
LAST_ADMIN = lazy_gettext("This is the last admin. Make someone else an admin first.")
OWN_ROLE = lazy_gettext("You cannot remove your own admin role. Ask another admin.")
OWN_PASSWORD = lazy_gettext("Change your own password on the page of your account.")
OWN_ACCOUNT = lazy_gettext("You cannot disable your own account. Ask another admin.")


@dataclass(frozen=True, slots=True)
class Account:
    """A staff account. Its owner can sign in only if `disabled_at` is None.

    `failed_tries` are wrong passwords and codes since the last sign-in; `failed_try_at` is the time
    of the latest one, or None. `passkeys` is how many the person has.
    """

    id: str
    email: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    name: str
    last_signed_in_at: datetime | None
    has_second_factor: bool
    failed_tries: int
    failed_try_at: datetime | None
    must_change_password: bool
    passkeys: int


def email_errors(address: str) -> list[FieldError]:
    """Return the errors in an e-mail address, with the path `email`; empty if it is valid.

    `address` must already be stripped and in lower case. It is ASCII: letters that look alike, and
    signs that cannot be seen, would make an account that looks like another one's.
    """
    if is_mail_address(address):
        return []
    return [FieldError("email", lazy_gettext("Enter an e-mail address."))]


def email_taken(address: str) -> Text:
    return lazy_gettext("%(address)s already has an account.", address=address)


def role_errors(role: str) -> list[FieldError]:
    """Return an error at the path `role` if `role` is not in ROLES, else an empty list."""
    if role in ROLES:
        return []
    return [FieldError("role", lazy_gettext("One of: %(options)s.", options=", ".join(ROLES)))]


def new_account(
    org_id: str, *, email: str, role: str, password_hash: str, name: str = ""
) -> dict[str, Any]:
    """Return the column values for a new staff account with a new ID, without storing them."""
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


def add_staff(
    org_id: str, *, email: str, role: str, password: str, must_change: bool = False
) -> str:
    """Create a staff account and return its ID.

    The e-mail address is stored stripped and in lower case. If `must_change` is true, because
    someone else has chosen the password, the person must choose another one when they sign in.
    Raises InvalidInput for an invalid address, role or password, NotFound for an unknown org, and
    Taken if an account in any org has the address.
    """
    address = email.strip().lower()
    about = (address, *org_words(org_id))
    refuse([*email_errors(address), *role_errors(role), *password_errors(password, about)])
    row = new_account(org_id, email=address, role=role, password_hash=hash_password(password))
    row["must_change_password"] = must_change

    try:
        with database.transaction() as connection:
            require_org(connection, org_id)
            connection.execute(insert(StaffAccount), row)
            record_event(connection, row["id"], EventKind.CREATED)
    except IntegrityError as error:
        raise Taken("email", email_taken(address)) from error
    return str(row["id"])


def list_staff(org_id: str) -> list[Account]:
    """Return all accounts of the org, sorted by e-mail address, with disabled accounts last."""
    statement = _accounts(org_id).order_by(
        StaffAccount.disabled_at.is_not(None), StaffAccount.email
    )
    return [Account(**row._mapping) for row in database.fetch_all(statement)]


def find_staff(org_id: str, staff_id: str) -> Account:
    """Return an account of the org, even if it is disabled. Raises NotFound if there is none."""
    with database.read() as connection:
        return _find(connection, org_id, staff_id)


def find_by_email(email: str) -> tuple[str, Account]:
    """Return the account with this e-mail address, and the ID of its org, which may be any.

    Raises NotFound if there is none.
    """
    address = email.strip().lower()
    # Other texts are not sent to the database: PostgreSQL rejects NUL characters.
    statement = select(StaffAccount.org_id, StaffAccount.id).where(StaffAccount.email == address)
    row = database.fetch_one(statement) if is_mail_address(address) else None
    if row is None:
        raise NotFound(lazy_gettext("There is no account with this e-mail address."))
    return row.org_id, find_staff(row.org_id, row.id)


def change_role(
    org_id: str, staff_id: str, *, role: str, by: str | None, doer: Doer | None = None
) -> None:
    """Change the role of an account and end its sessions; do nothing if it has this role already.

    `by` is the ID of the account that makes the change; None if no person does, but `doer`. Raises
    InvalidInput for an unknown role, NotFound for an unknown account, and Conflict if that account
    would demote itself or if the org's last admin would be demoted.
    """
    refuse(role_errors(role))

    with database.transaction() as connection:
        require_org(connection, org_id, lock=True)
        account = _find(connection, org_id, staff_id)
        if account.role == role:
            return
        if role != "admin":
            _keep_admin(connection, org_id, staff_id, by, OWN_ROLE)
        _change(connection, org_id, staff_id, role=role)
        end_all(connection, staff_id)
        record_event(connection, staff_id, EventKind.ROLE, by=by, doer=doer)


def set_password(
    org_id: str, staff_id: str, *, password: str, by: str | None = None, must_change: bool = True
) -> None:
    """Set the password of a colleague, who must choose another one unless `must_change` is false.

    Ends the account's sessions and invalidates its reset links. `by` is the ID of the admin's
    account, or None for the command line. Raises InvalidInput for an invalid password, NotFound for
    an unknown account, and Conflict if `by` equals `staff_id`, because people prove their current
    password first.
    """
    find_staff(org_id, staff_id)
    if staff_id == by:
        raise Conflict(OWN_PASSWORD)
    refuse(password_errors(password, words_about(staff_id)))
    password_hash = hash_password(password)

    with database.transaction() as connection:
        replace_password(connection, staff_id, password_hash, by=by, must_change=must_change)


def replace_password(
    connection: Connection,
    staff_id: str,
    password_hash: str,
    *,
    kind: EventKind = EventKind.PASSWORD,
    by: str | None = None,
    must_change: bool = False,
) -> None:
    """Store a new password hash in the caller's transaction; this ends the account's sessions.

    With `must_change`, the person must choose another password when they sign in.
    Also invalidates the account's unused reset links, and records an event of the given `kind`.
    `by` is the ID of the account that makes the change, or None if no other person makes it.
    """
    own = StaffAccount.id == staff_id
    connection.execute(
        update(StaffAccount)
        .where(own)
        .values(password_hash=password_hash, has_password=True, must_change_password=must_change)
    )
    end_all(connection, staff_id)
    connection.execute(
        update(PasswordReset)
        .where(PasswordReset.staff_id == staff_id, PasswordReset.used_at.is_(None))
        .values(used_at=datetime.now(UTC))
    )
    record_event(connection, staff_id, kind, by=by)


def disable_staff(org_id: str, staff_id: str, *, by: str | None = None) -> None:
    """Disable an account and end its sessions; do nothing if it is already disabled.

    `by` is the ID of the account that makes the change, or None for the command line. Raises
    NotFound for an unknown account, and Conflict if `by` equals `staff_id` or if the org's last
    admin would be disabled.
    """
    with database.transaction() as connection:
        require_org(connection, org_id, lock=True)
        account = _find(connection, org_id, staff_id)
        if account.disabled_at is not None:
            return
        _keep_admin(connection, org_id, staff_id, by, OWN_ACCOUNT)
        _change(connection, org_id, staff_id, disabled_at=datetime.now(UTC))
        end_all(connection, staff_id)
        record_event(connection, staff_id, EventKind.DISABLED, by=by)


def enable_staff(org_id: str, staff_id: str, *, by: str | None = None) -> None:
    """Enable a disabled account; do nothing if it is already enabled.

    `by` is the ID of the account that makes the change, or None for the command line. Raises
    NotFound for an unknown account, and Conflict for one that was erased.
    """
    with database.transaction() as connection:
        account = _find(connection, org_id, staff_id)
        if account.disabled_at is None:
            return
        if account.email.endswith(ERASED):
            raise Conflict(NOBODY)
        _change(connection, org_id, staff_id, disabled_at=None)
        record_event(connection, staff_id, EventKind.ENABLED, by=by)


def _keep_admin(
    connection: Connection, org_id: str, staff_id: str, by: str | None, own_message: Text
) -> None:
    """Raise Conflict if the account `staff_id` must not be demoted or disabled.

    People may not demote or disable their own account (`staff_id` equals `by`); in this case the
    error message is `own_message`. The org's last enabled admin may not be demoted or disabled
    either. The caller must have locked the org, so that two admins cannot demote each other at the
    same time.
    """
    if staff_id == by:
        raise Conflict(own_message)
    others = select(StaffAccount.id).where(
        StaffAccount.org_id == org_id,
        StaffAccount.id != staff_id,
        StaffAccount.role == "admin",
        StaffAccount.disabled_at.is_(None),
    )
    if connection.execute(others).first() is None:
        raise Conflict(LAST_ADMIN)


def _find(connection: Connection, org_id: str, staff_id: str) -> Account:
    statement = _accounts(org_id).where(StaffAccount.id == staff_id)
    return Account(**find_row(connection, statement, staff_id, UNKNOWN)._mapping)


def _change(connection: Connection, org_id: str, staff_id: str, **values: Any) -> None:  # noqa: ANN401 - values of columns
    own = (StaffAccount.org_id == org_id, StaffAccount.id == staff_id)
    connection.execute(update(StaffAccount).where(*own).values(**values))


def _accounts(org_id: str) -> Any:  # noqa: ANN401 - a statement, whose type would list its columns
    has_second_factor = StaffAccount.totp_secret.is_not(None).label("has_second_factor")
    passkeys = (
        select(func.count())
        .where(PasskeyRow.staff_id == StaffAccount.id)
        .scalar_subquery()
        .label("passkeys")
    )
    statement = select(*columns_of(Account, staff_account), has_second_factor, passkeys)
    return statement.where(StaffAccount.org_id == org_id)
