"""Erase a person of an org: the account stays, empty, because orders and events have its ID."""

from typing import Any

from sqlalchemy import delete, select, update

from orders.domain.errors import NotFound
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.accounts import ERASED, UNKNOWN, disable_staff
from orders.storage import database
from orders.storage.models.people import InvitationRow, StaffAccount
from orders.storage.tables import (
    draft,
    order_editor,
    passkey,
    password_reset,
    recovery_code,
    saved_view,
    staff_identity,
    staff_preference,
    staff_session,
)

# Tables whose rows belong to a person alone.
OF_PERSON = (
    *(draft, order_editor, passkey, password_reset, recovery_code),
    *(staff_identity, staff_preference, staff_session),
)


def erase_person(email: str) -> str:
    """Disable the account with this e-mail address, empty it for good, and return its ID.

    Histories and the audit trail show an ID in place of the name from then on. Views of orders that
    the person has shared stay, because others use them. Raises NotFound if
    no account has the address, and Conflict if it is the last admin's.
    """
    address = email.strip().lower().replace("\0", "")
    own = select(StaffAccount.id, StaffAccount.org_id).where(StaffAccount.email == address)
    found = database.fetch_one(own)
    if found is None:
        raise NotFound(UNKNOWN)
    disable_staff(found.org_id, found.id, by="")
    values: dict[str, Any] = {
        "email": f"{found.id}{ERASED}",
        "name": "",
        "password_hash": "",
        "totp_secret": None,
        "preferences": {},
        "last_signed_in_at": None,
        "failed_try_at": None,
    }
    with database.transaction() as connection:
        for table in OF_PERSON:
            connection.execute(delete(table).where(table.c.staff_id == found.id))
        own_views = (saved_view.c.staff_id == found.id, saved_view.c.is_shared.is_(False))
        connection.execute(delete(saved_view).where(*own_views))
        connection.execute(delete(InvitationRow).where(InvitationRow.email == address))
        named = update(StaffAccount).where(StaffAccount.id == found.id)
        connection.execute(named.values(values))
        record_event(connection, found.id, EventKind.ERASED)
    return str(found.id)
