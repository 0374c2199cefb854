"""The audit trail: what people, tokens, and commands do outside of orders.

Services record events in the transaction of the change. An event that is about a staff account is
also part of that account's log. Rows contain IDs of people and customers, never their names, and
are only added; the database refuses to change them (docs/decisions/0055-the-audit-trail.md).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select
from sqlalchemy.orm import aliased

from orders.domain.texts import lazy_gettext
from orders.services.accounts.acting import ActorKind, Doer, current_doer
from orders.storage import database
from orders.storage.models.people import AuditEvent, StaffAccount

MAX_DETAIL = 255  # characters


class EventKind(Enum):
    """The kinds of events; the database stores each kind's English text, 32 characters at most."""

    CREATED = lazy_gettext("Account created")
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
    FAILED = lazy_gettext("Sign-in failed")
    SESSIONS_ENDED = lazy_gettext("Signed out of sessions")
    CONNECTED = lazy_gettext("Company account connected")
    DISCONNECTED = lazy_gettext("Company account disconnected")
    PASSKEY_ON = lazy_gettext("Passkey added")
    PASSKEY_OFF = lazy_gettext("Passkey removed")
    DISABLED = lazy_gettext("Disabled")
    ENABLED = lazy_gettext("Enabled")
    ERASED = lazy_gettext("Account erased")
    SIGNED_OUT = lazy_gettext("Signed out")
    INVITED = lazy_gettext("Invitation sent")
    INVITED_AGAIN = lazy_gettext("Invitation sent again")
    WITHDRAWN = lazy_gettext("Invitation withdrawn")
    ORG_CREATED = lazy_gettext("Organization created")
    ORG_EXPORTED = lazy_gettext("Organization exported")
    ORG_IMPORTED = lazy_gettext("Organization imported")
    SETTINGS = lazy_gettext("Settings changed")
    CUSTOMER_PAGE = lazy_gettext("Customer page changed")
    TOKEN_CREATED = lazy_gettext("Token created")
    TOKEN_CHANGED = lazy_gettext("Token changed")
    TOKEN_REVOKED = lazy_gettext("Token revoked")
    ATTRIBUTE_ADDED = lazy_gettext("Attribute added")
    ATTRIBUTE_CHANGED = lazy_gettext("Attribute changed")
    ATTRIBUTE_REMOVED = lazy_gettext("Attribute removed")
    WEBHOOK_CREATED = lazy_gettext("Webhook created")
    WEBHOOK_CHANGED = lazy_gettext("Webhook changed")
    WEBHOOK_DELETED = lazy_gettext("Webhook deleted")
    WEBHOOK_OFF = lazy_gettext("Webhook switched off")
    WEBHOOK_RESTORED = lazy_gettext("Webhook restored")
    WEBHOOK_SECRET = lazy_gettext("Webhook secret replaced")
    ORDERS_EXPORTED = lazy_gettext("Orders exported")
    ORDERS_IMPORTED = lazy_gettext("Import of orders started")
    IMPORT_UNDONE = lazy_gettext("Import of orders undone")
    CUSTOMERS_EXPORTED = lazy_gettext("Customers exported")
    CUSTOMERS_IMPORTED = lazy_gettext("Customers imported")
    CUSTOMER_DELETED = lazy_gettext("Customer deleted")
    CUSTOMER_EXPORTED = lazy_gettext("Customer's data exported")
    CUSTOMER_ERASED = lazy_gettext("Customer erased")
    AUDIT_EXPORTED = lazy_gettext("Audit log exported")
    PRODUCTS_IMPORTED = lazy_gettext("Products imported")
    PRODUCT_DELETED = lazy_gettext("Product deleted")
    PRODUCT_RETIRED = lazy_gettext("Product retired")
    PRODUCT_RESTORED = lazy_gettext("Product restored")

    @classmethod
    def named(cls, name: str) -> "EventKind | None":
        """Return the kind with this name, such as "SETTINGS"; None for any other text."""
        return cls.__members__.get(name)


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


# Events of an account that a stranger causes; its owner causes the others unless someone else does.
_OF_STRANGERS = {EventKind.FAILED, EventKind.RESET_LINK}


def record_event(
    connection: Connection,
    staff_id: str,
    kind: EventKind,
    *,
    by: str | None = None,
    doer: Doer | None = None,
    at: datetime | None = None,
) -> None:
    """Add an event that is about the account `staff_id`, in the caller's transaction.

    `by` is the ID of the staff account whose owner caused the event, and `doer` another author.
    Without both, the person or command that acts has caused it, or else the account's owner. `at`
    defaults to the current time.
    """
    doer = Doer(ActorKind.STAFF, by) if by else doer or current_doer()
    if doer.kind is ActorKind.UNKNOWN and kind not in _OF_STRANGERS:
        doer = Doer(ActorKind.STAFF, staff_id)
    org_id = select(StaffAccount.org_id).where(StaffAccount.id == staff_id).scalar_subquery()
    row = {"org_id": org_id, "staff_id": staff_id, **_row(kind, doer, at)}
    connection.execute(insert(AuditEvent).values(row))


def record(
    connection: Connection,
    org_id: str,
    kind: EventKind,
    subject: str = "",
    detail: str = "",
    *,
    doer: Doer | None = None,
) -> None:
    """Add an event of the org in the caller's transaction, by `doer` or else the one who acts.

    `subject` is the ID of what the event is about. `detail` says more to people, such as the name
    of a token; it is cut after MAX_DETAIL characters, and must not name a person or a customer.
    """
    more = {"org_id": org_id, "subject_id": subject or None, "detail": detail[:MAX_DETAIL]}
    connection.execute(
        insert(AuditEvent).values(**more, **_row(kind, doer or current_doer(), None))
    )


def note(org_id: str, kind: EventKind, detail: str = "", subject: str = "") -> None:
    """Add an event as `record` does, in a transaction of its own: nothing else was written.

    Raises ServiceBusy if the database cannot be written.
    """
    with database.transaction() as connection:
        record(connection, org_id, kind, subject, detail)


def clear_old(before: datetime) -> int:
    """Delete the events of all orgs from before `before`, and return how many."""
    return database.execute(delete(AuditEvent).where(AuditEvent.at < before))


def _row(kind: EventKind, doer: Doer, at: datetime | None) -> dict[str, Any]:
    return {
        "at": at or datetime.now(UTC),
        "kind": str(kind.value),
        "actor_kind": str(doer.kind),
        "by_id": doer.id,
    }


def list_events(org_id: str, staff_id: str, *, most: int) -> list[AccountEvent]:
    """Return the latest events of an account, at most `most`, the newest first.

    The list is empty if the account belongs to another org.
    """
    other = aliased(StaffAccount)
    name: Any = func.coalesce(func.nullif(other.name, ""), other.email, "")
    statement = (
        select(AuditEvent.at, AuditEvent.kind, name)
        .join(StaffAccount, StaffAccount.id == AuditEvent.staff_id)
        .outerjoin(other, (other.id == AuditEvent.by_id) & (other.id != AuditEvent.staff_id))
        .where(StaffAccount.org_id == org_id, AuditEvent.staff_id == staff_id)
        .order_by(AuditEvent.id.desc())
        .limit(most)
    )
    return [
        AccountEvent(at, _TEXT_OF.get(kind, kind), by)
        for at, kind, by in database.fetch_all(statement)
    ]
