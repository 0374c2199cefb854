"""Staff change their own name, preferences and password; sign-ins are recorded."""

from datetime import UTC, datetime

from sqlalchemy import update

from orders.domain.errors import FieldError
from orders.domain.preferences import Preferences, preference_faults
from orders.domain.texts import lazy_gettext
from orders.services.accounts import EventKind
from orders.services.accounts.access import StaffMember, verify_password
from orders.services.accounts.accounts import replace_password
from orders.services.accounts.checks import (
    hash_password,
    password_errors,
    person_name_errors,
    refuse,
)
from orders.services.accounts.events import record_event
from orders.services.languages import languages
from orders.storage import database
from orders.storage.models.people import StaffAccount

WRONG_PASSWORD = lazy_gettext("This is not your password.")


def change_own(member: StaffMember, *, name: str, preferences: Preferences) -> None:
    """Store a person's name and preferences. Raises InvalidInput."""
    name = name.strip()
    errors = [*person_name_errors(name), *preference_faults(preferences)]
    if preferences.language and preferences.language not in languages():
        errors.append(FieldError("language", lazy_gettext("A language from the list.")))
    refuse(errors)
    values = {"name": name, "preferences": preferences.as_json()}
    statement = update(StaffAccount).where(StaffAccount.id == member.id).values(values)
    with database.transaction() as connection:
        connection.execute(statement)


def change_password(member: StaffMember, *, old: str, new: str) -> None:
    """Set a person's password and end all of their sessions.

    Raises InvalidInput, at `old_password` if that is wrong.
    """
    require_password(member, old, "old_password")
    refuse(password_errors(new))
    password_hash = hash_password(new)
    with database.transaction() as connection:
        replace_password(connection, member.id, password_hash)


def require_password(member: StaffMember, typed: str, path: str) -> None:
    """Raise InvalidInput at `path` unless it is the person's password."""
    if verify_password(member, typed) is None:
        refuse([FieldError(path, WRONG_PASSWORD)])


def record_sign_in(
    member: StaffMember, *, by_recovery_code: bool = False, now: datetime | None = None
) -> None:
    """Record a sign-in in the account and its event log."""
    at = now or datetime.now(UTC)
    kind = EventKind.RECOVERED if by_recovery_code else EventKind.SIGNED_IN
    own = StaffAccount.id == member.id

    with database.transaction() as connection:
        connection.execute(update(StaffAccount).where(own).values(last_signed_in_at=at))
        record_event(connection, member.id, kind, at=at)
