"""What people see to themselves: their name, preferences, and password; and that they signed in."""

from datetime import UTC, datetime

from sqlalchemy import Connection, update

from orders.access import StaffMember, prove_again
from orders.administration import Happened
from orders.administration.accounts import replace_password
from orders.administration.checks import refuse
from orders.administration.events import note
from orders.administration.invitations import name_faults
from orders.administration.passwords import hash_password, password_faults
from orders.languages import languages
from orders.rules.errors import FieldError
from orders.rules.preferences import Preferences, preference_faults
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.people_models import StaffAccount

WRONG_PASSWORD = mark("This is not your password.")


def change_own(member: StaffMember, *, name: str, preferences: Preferences) -> None:
    """Keep a person's name and preferences. Raises InvalidInput naming the field."""
    name = name.strip()
    faults = [*name_faults(name), *preference_faults(preferences)]
    if preferences.language and preferences.language not in languages():
        faults.append(FieldError("language", mark("A language from the list.")))
    refuse(faults)
    values = {"name": name, "preferences": preferences.as_json()}
    statement = update(StaffAccount).where(StaffAccount.id == member.id).values(values)
    database.write(lambda connection: connection.execute(statement).rowcount)


def change_password(member: StaffMember, *, old: str, new: str) -> None:
    """Give a person another password; all of their sessions end.

    Raises InvalidInput naming the field, `old_password` for a wrong one.
    """
    require_password(member, old, "old_password")
    refuse(password_faults(new))
    password_hash = hash_password(new)
    database.write(lambda connection: replace_password(connection, member.id, password_hash))


def require_password(member: StaffMember, typed: str, path: str) -> None:
    """Raise InvalidInput at this path unless it is the person's password."""
    if prove_again(member, typed) is None:
        refuse([FieldError(path, WRONG_PASSWORD)])


def note_sign_in(
    member: StaffMember, *, by_recovery_code: bool = False, now: datetime | None = None
) -> None:
    """Note that a person has signed in."""
    at = now or datetime.now(UTC)
    kind = Happened.RECOVERED if by_recovery_code else Happened.SIGNED_IN
    own = StaffAccount.id == member.id

    def work(connection: Connection) -> None:
        connection.execute(update(StaffAccount).where(own).values(last_signed_in_at=at))
        note(connection, member.id, kind, at=at)

    database.write(work)
