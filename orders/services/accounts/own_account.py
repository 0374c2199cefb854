"""What people change about their own account: name, preferences and password."""

from sqlalchemy import select, update

from orders.domain.errors import FieldError
from orders.domain.preferences import Preferences, preference_faults, time_zones
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import StaffMember, hash_password, verify_password
from orders.services.accounts.accounts import replace_password
from orders.services.accounts.checks import person_name_errors, refuse
from orders.services.accounts.passwords import password_errors, words_about
from orders.services.accounts.sessions import record_failed_try
from orders.services.languages import languages
from orders.storage import database
from orders.storage.models.people import StaffAccount

SAME_PASSWORD = lazy_gettext("This is the current password. Choose a new one.")
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

    `old` is ignored if the person has no password yet. Raises InvalidInput with an error at
    `old_password` if `old` is not the current password, or at `password` if `new` equals it or is
    not acceptable.
    """
    if member.has_password:
        require_password(member, old, "old_password")
    if new == old:
        refuse([FieldError("password", SAME_PASSWORD)])
    refuse(password_errors(new, words_about(member.id)))
    password_hash = hash_password(new)
    with database.transaction() as connection:
        replace_password(connection, member.id, password_hash)


def require_password(member: StaffMember, typed: str, path: str) -> None:
    """Raise InvalidInput, with an error at `path`, unless `typed` is the person's password.

    A wrong password counts as a failed try.
    """
    if verify_password(member, typed) is None:
        record_failed_try(member.email)
        refuse([FieldError(path, WRONG_PASSWORD)])
