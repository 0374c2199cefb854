"""The staff accounts of an org and their event logs.

Admins create, enable and disable accounts, change roles and set passwords; people change their own
name, preferences and password.
"""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from orders.domain.errors import Conflict, FieldError, Taken
from orders.domain.json_values import find_unstorable
from orders.domain.permissions import ROLES
from orders.domain.preferences import Preferences, preference_faults, time_zones
from orders.domain.texts import Text, lazy_gettext
from orders.services.accounts.access import StaffMember, hash_password, verify_password
from orders.services.accounts.checks import find_row, password_errors, person_name_errors, refuse
from orders.services.accounts.orgs import require_org
from orders.services.languages import languages
from orders.storage import database
from orders.storage.models.people import PasswordReset, StaffAccount, StaffEvent
from orders.storage.tables import columns_of, staff_account


class EventKind(Enum):
    """The kinds of events in an account's log; the database stores each kind's English text."""

    JOINED = lazy_gettext("Accepted the invitation")
    SIGNED_IN = lazy_gettext("Signed in")
    RECOVERED = lazy_gettext("Signed in with a recovery code")
    PASSWORD = lazy_gettext("New password")
    RESET_LINK = lazy_gettext("Password reset link created")
    RESET = lazy_gettext("Password reset with a link")
    FACTOR_ON = lazy_gettext("Two-step sign-in turned on")
    FACTOR_OFF = lazy_gettext("Two-step sign-in turned off")
    CODES = lazy_gettext("New recovery codes")
    ROLE = lazy_gettext("Role changed")
    DISABLED = lazy_gettext("Disabled")
    ENABLED = lazy_gettext("Enabled")


_TEXT_OF = {str(kind.value): kind.value for kind in EventKind}


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """An event in the log of a staff account.

    `kind` is the text of an EventKind, which the interface translates. `by` is the name or e-mail
    address of the person who caused the event. It is empty if the account's owner caused the event
    or the person is unknown.
    """

    at: datetime
    kind: str
    by: str


def record_event(
    connection: Connection,
    staff_id: str,
    kind: EventKind,
    *,
    by: str | None = None,
    at: datetime | None = None,
) -> None:
    """Add an event to the log of the account `staff_id`, in the caller's transaction.

    `by` is the ID of the staff account whose owner caused the event. None or `staff_id` means that
    no other person caused it. `at` defaults to the current time.
    """
    row = {
        "staff_id": staff_id,
        "at": at or datetime.now(UTC),
        "kind": str(kind.value),
        "by_id": None if by == staff_id else by,
    }
    connection.execute(insert(StaffEvent), row)


def list_events(org_id: str, staff_id: str, *, most: int) -> list[AccountEvent]:
    """Return the latest events of an account, at most `most`, the newest first.

    The list is empty if the account belongs to another org.
    """
    other = aliased(StaffAccount)
    name: Any = func.coalesce(func.nullif(other.name, ""), other.email, "")
    statement = (
        select(StaffEvent.at, StaffEvent.kind, name)
        .join(StaffAccount, StaffAccount.id == StaffEvent.staff_id)
        .outerjoin(other, other.id == StaffEvent.by_id)
        .where(StaffAccount.org_id == org_id, StaffEvent.staff_id == staff_id)
        .order_by(StaffEvent.id.desc())
        .limit(most)
    )
    return [
        AccountEvent(at, _TEXT_OF.get(kind, kind), by)
        for at, kind, by in database.fetch_all(statement)
    ]


UNKNOWN = lazy_gettext("There is no staff account with this ID.")
LAST_ADMIN = lazy_gettext("This is the last admin. Make someone else an admin first.")
OWN_ROLE = lazy_gettext("You cannot remove your own admin role. Ask another admin.")
OWN_ACCOUNT = lazy_gettext("You cannot disable your own account. Ask another admin.")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")


@dataclass(frozen=True, slots=True)
class Account:
    """A staff account. Its owner can sign in only if `disabled_at` is None."""

    id: str
    email: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    name: str
    last_signed_in_at: datetime | None
    has_second_factor: bool


def email_errors(address: str) -> list[FieldError]:
    """Return the errors in an e-mail address, with the path `email`; empty if it is valid.

    `address` must already be stripped and in lower case.
    """
    errors = find_unstorable(address, "email", nesting=0)
    if not _EMAIL.fullmatch(address):
        errors.insert(0, FieldError("email", lazy_gettext("Enter an e-mail address.")))
    return errors


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


def add_staff(org_id: str, *, email: str, role: str, password: str) -> str:
    """Create a staff account and return its ID.

    The e-mail address is stored stripped and in lower case. Raises InvalidInput for an invalid
    address, role or password, NotFound for an unknown org, and Taken if an account in any org has
    the address.
    """
    address = email.strip().lower()
    refuse([*email_errors(address), *role_errors(role), *password_errors(password)])
    row = new_account(org_id, email=address, role=role, password_hash=hash_password(password))

    try:
        with database.transaction() as connection:
            require_org(connection, org_id)
            connection.execute(insert(StaffAccount), row)
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


def change_role(org_id: str, staff_id: str, *, role: str, by: str) -> None:
    """Change the role of an account; do nothing if it already has this role.

    `by` is the ID of the account that makes the change. Raises InvalidInput for an unknown role,
    NotFound for an unknown account, and Conflict if that account would demote itself or if the
    org's last admin would be demoted.
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
        record_event(connection, staff_id, EventKind.ROLE, by=by)


def set_password(org_id: str, staff_id: str, *, password: str, by: str | None = None) -> None:
    """Set the password of an account, end its sessions and invalidate its reset links.

    `by` is the ID of the account that makes the change, or None for the command line. Raises
    InvalidInput for an invalid password, and NotFound for an unknown account.
    """
    refuse(password_errors(password))
    password_hash = hash_password(password)

    with database.transaction() as connection:
        _find(connection, org_id, staff_id)
        replace_password(connection, staff_id, password_hash, by=by)


def replace_password(
    connection: Connection,
    staff_id: str,
    password_hash: str,
    *,
    kind: EventKind = EventKind.PASSWORD,
    by: str | None = None,
) -> None:
    """Store a new password hash in the caller's transaction; this ends the account's sessions.

    Also invalidates the account's unused reset links, and records an event of the given `kind`.
    `by` is the ID of the account that makes the change, or None if no other person makes it.
    """
    own = StaffAccount.id == staff_id
    connection.execute(update(StaffAccount).where(own).values(password_hash=password_hash))
    connection.execute(
        update(PasswordReset)
        .where(PasswordReset.staff_id == staff_id, PasswordReset.used_at.is_(None))
        .values(used_at=datetime.now(UTC))
    )
    record_event(connection, staff_id, kind, by=by)


def disable_staff(org_id: str, staff_id: str, *, by: str) -> None:
    """Disable an account and end its sessions; do nothing if it is already disabled.

    `by` is the ID of the account that makes the change. Raises NotFound for an unknown account, and
    Conflict if `by` equals `staff_id` or if the org's last admin would be disabled.
    """
    with database.transaction() as connection:
        require_org(connection, org_id, lock=True)
        account = _find(connection, org_id, staff_id)
        if account.disabled_at is not None:
            return
        _keep_admin(connection, org_id, staff_id, by, OWN_ACCOUNT)
        _change(connection, org_id, staff_id, disabled_at=datetime.now(UTC))
        record_event(connection, staff_id, EventKind.DISABLED, by=by)


def enable_staff(org_id: str, staff_id: str, *, by: str | None = None) -> None:
    """Enable a disabled account; do nothing if it is already enabled.

    `by` is the ID of the account that makes the change, or None for the command line. Raises
    NotFound for an unknown account.
    """
    with database.transaction() as connection:
        if _find(connection, org_id, staff_id).disabled_at is None:
            return
        _change(connection, org_id, staff_id, disabled_at=None)
        record_event(connection, staff_id, EventKind.ENABLED, by=by)


def _keep_admin(
    connection: Connection, org_id: str, staff_id: str, by: str, own_message: Text
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
    statement = select(*columns_of(Account, staff_account), has_second_factor)
    return statement.where(StaffAccount.org_id == org_id)


WRONG_PASSWORD = lazy_gettext("Wrong password. Try again.")


def preference_errors(preferences: Preferences) -> list[FieldError]:
    """Return an error for each invalid preference, with its name as the path; [] if all are valid.

    An empty time zone and an empty language are valid.
    """
    errors = preference_faults(preferences)
    if preferences.language and preferences.language not in languages():
        errors.append(FieldError("language", lazy_gettext("Choose a language from the list.")))
    return errors


def change_own(member: StaffMember, *, name: str, preferences: Preferences) -> None:
    """Store the name and preferences that a person has chosen for themselves.

    Raises InvalidInput with an error for each invalid field.
    """
    name = name.strip()
    refuse([*person_name_errors(name), *preference_errors(preferences)])
    values = {"name": name, "preferences": preferences.as_json()}
    database.execute(update(StaffAccount).where(StaffAccount.id == member.id).values(values))


def set_first_zone(member: StaffMember, time_zone: str) -> None:
    """Store a time zone for a person who has never had one; otherwise do nothing.

    `time_zone` is what the person's browser says, an IANA name; a name that cannot be chosen in the
    preferences is ignored.
    """
    if time_zone not in time_zones():
        return
    own = StaffAccount.id == member.id
    stored = database.fetch_value(select(StaffAccount.preferences).where(own)) or {}
    if "timeZone" not in stored:
        values = {"preferences": {**stored, "timeZone": time_zone}}
        database.execute(update(StaffAccount).where(own).values(values))


def change_password(member: StaffMember, *, old: str, new: str) -> None:
    """Change a person's password at their own request, and end all of their sessions.

    Raises InvalidInput with an error at `old_password` if `old` is not the current password, or at
    `password` if `new` is too short, too long or cannot be stored.
    """
    require_password(member, old, "old_password")
    refuse(password_errors(new))
    password_hash = hash_password(new)
    with database.transaction() as connection:
        replace_password(connection, member.id, password_hash)


def require_password(member: StaffMember, typed: str, path: str) -> None:
    """Raise InvalidInput, with an error at `path`, unless `typed` is the person's password."""
    if verify_password(member, typed) is None:
        refuse([FieldError(path, WRONG_PASSWORD)])


def record_sign_in(member: StaffMember, *, by_recovery_code: bool = False) -> None:
    """Store the current time as the person's last sign-in, and add an event to their log.

    `by_recovery_code` says whether the second factor was a recovery code, and determines the kind
    of the event.
    """
    at = datetime.now(UTC)
    kind = EventKind.RECOVERED if by_recovery_code else EventKind.SIGNED_IN
    own = StaffAccount.id == member.id

    with database.transaction() as connection:
        connection.execute(update(StaffAccount).where(own).values(last_signed_in_at=at))
        record_event(connection, member.id, kind, at=at)
