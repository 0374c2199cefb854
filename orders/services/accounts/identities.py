"""Identities: accounts at the provider of company accounts with which people sign in.

An identity is recognized by its issuer and subject, never by its e-mail address. The address, if
the provider has verified it, only decides whose account a new identity is for: that of an
invitation, a new one, or an existing one whose owner signs in with its password once.
"""

import logging
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain.company_accounts import CompanyIdentity
from orders.domain.errors import Conflict, Forbidden
from orders.domain.preferences import MAX_PERSON_NAME
from orders.domain.texts import lazy_gettext
from orders.services.accounts import sessions
from orders.services.accounts.access import StaffMember, hash_password, reload_staff
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.accounts import change_role, email_errors, new_account
from orders.services.accounts.acting import PROVIDER
from orders.services.accounts.orgs import require_org
from orders.services.accounts.sessions import StaffSession
from orders.storage import database
from orders.storage.models.people import InvitationRow, StaffAccount, StaffIdentity
from orders.storage.tables import columns_of, staff_identity

DEFAULT_ROLE = "viewer"
MAX_ID = 255  # characters of an issuer or subject
DISABLED = lazy_gettext("Your account here is disabled. Contact an admin.")
NO_ROLE = lazy_gettext("Your company account may not use this desk. Contact an admin.")
UNVERIFIED = lazy_gettext(
    "Your company account has no verified e-mail address, so it cannot be connected. Contact an"
    " admin."
)
UNKNOWN = lazy_gettext(
    "There is no account here for %(email)s. Ask an admin to invite this address."
)
TAKEN = lazy_gettext("This company account is connected to another account already.")
ONLY_WAY = lazy_gettext("You have no password. Set one first, or you could not sign in any more.")
NOT_YOURS = lazy_gettext("This company account is not connected to your account here.")
NOT_PROVEN = lazy_gettext(
    "The provider did not say that you have just entered your password there. Confirm with your"
    " password or a code instead."
)
NO_OTHER_PROOF = lazy_gettext(
    "The provider did not say that you have just entered your password there. Ask an admin for a"
    " link to set a password here, then confirm with that."
)
CLOCKS = timedelta(minutes=1)  # by which the clock of the provider may be slow
_log = logging.getLogger(__name__)


class NeedsPassword(Forbidden):
    """The person must sign in with their password once; `email` is the address of their account."""

    def __init__(self, email: str) -> None:
        self.email = email
        super().__init__(
            lazy_gettext(
                "%(email)s has an account here. Sign in with its password once to connect it.",
                email=email,
            )
        )


@dataclass(frozen=True, slots=True)
class ConnectedIdentity:
    """An identity in the list of an account; `email` is that of the day it was connected."""

    id: str
    created_at: datetime
    issuer: str
    email: str


def sign_in(identity: CompanyIdentity, *, org_id: str = "") -> StaffMember:
    """Return the person with this identity, whom the provider has just signed in.

    An identity that is seen for the first time gets an account if its verified e-mail address is
    invited, or if `org_id` is the org of new accounts. If the provider says a role, the account
    gets it. The caller must then check the second factor. Raises NeedsPassword if an account has
    the address, and Forbidden with the reason if the person may not sign in.
    """
    if identity.role == "" or max(len(identity.issuer), len(identity.subject)) > MAX_ID:
        raise Forbidden(NO_ROLE)
    staff_id = _find(identity) or _join(identity, org_id)
    member = reload_staff(staff_id)
    if member is None:
        raise Forbidden(DISABLED)
    return _with_role(member, identity.role)


def connect(member: StaffMember, identity: CompanyIdentity) -> None:
    """Connect an identity to the account of a person who has just signed in with a password.

    Raises Conflict if it is connected to another account, and Forbidden unless its e-mail address
    is verified and that of the account.
    """
    if not identity.is_verified or identity.email != member.email:
        raise Forbidden(UNVERIFIED)
    try:
        with database.transaction() as connection:
            _connect(connection, member.org_id, member.id, identity)
    except IntegrityError as error:
        if _find(identity) != member.id:
            raise Conflict(TAKEN) from error


def list_identities(member: StaffMember) -> Sequence[ConnectedIdentity]:
    """Return the identities that are connected to a person's account, the oldest first."""
    own = select(*columns_of(ConnectedIdentity, staff_identity)).where(*_of(member))
    rows = database.fetch_all(own.order_by(StaffIdentity.created_at, StaffIdentity.id))
    return [ConnectedIdentity(*row) for row in rows]


def confirm(session: StaffSession, identity: CompanyIdentity, *, since: datetime) -> None:
    """Record that the person has proved again who they are, at the provider.

    `since` is when they were asked to. Raises Forbidden if the identity is not connected to their
    account, or if the provider does not say that the proof is that new.
    """
    if _find(identity) != session.member.id:
        raise Forbidden(NOT_YOURS)
    if identity.proven_at is None or identity.proven_at < since - CLOCKS:
        raise Forbidden(NOT_PROVEN if session.member.has_password else NO_OTHER_PROOF)
    sessions.confirm(session)


def disconnect(member: StaffMember) -> bool:
    """Disconnect all identities from a person's account, and end all of their sessions.

    Returns False if there are none; no session ends then. Raises Conflict if the person has no
    password, and could not sign in again.
    """
    if not member.has_password:
        raise Conflict(ONLY_WAY)
    with database.transaction() as connection:
        if not connection.execute(delete(StaffIdentity).where(*_of(member))).rowcount:
            return False
        sessions.end_all(connection, member.id)
        record_event(connection, member.id, EventKind.DISCONNECTED)
    return True


def _of(member: StaffMember) -> tuple[ColumnElement[bool], ...]:
    return (StaffIdentity.org_id == member.org_id, StaffIdentity.staff_id == member.id)


def _find(identity: CompanyIdentity) -> str | None:
    """Return the ID of the account to which the identity is connected, also of a disabled one."""
    found: str | None = database.fetch_value(_account_of(identity))
    return found


def _account_of(identity: CompanyIdentity) -> Select[str]:
    return select(StaffIdentity.staff_id).where(
        StaffIdentity.issuer == identity.issuer, StaffIdentity.subject == identity.subject
    )


def _join(identity: CompanyIdentity, org_id: str) -> str:
    """Create an account for a new identity, and return its ID.

    If that has just happened in another request, the ID is that of the account made there.
    """
    if not identity.is_verified or email_errors(identity.email):
        raise Forbidden(UNVERIFIED)
    unknown = Forbidden(lazy_gettext(str(UNKNOWN), email=identity.email))
    known = select(StaffAccount.disabled_at).where(StaffAccount.email == identity.email)
    password_hash = hash_password(secrets.token_urlsafe(32))  # of a text which nobody knows

    try:
        with database.transaction() as connection:
            if made := connection.execute(_account_of(identity)).scalar():
                return made
            account = connection.execute(known).one_or_none()
            if account is not None:
                # It may be the one that another request has made since the first look.
                if made := connection.execute(_account_of(identity)).scalar():
                    return made
                raise Forbidden(DISABLED) if account[0] else NeedsPassword(identity.email)
            invited = _use_invitation(connection, identity.email)
            org_id, role = invited or (org_id, DEFAULT_ROLE)
            if not org_id:
                raise unknown
            require_org(connection, org_id)
            row = new_account(
                org_id,
                email=identity.email,
                role=identity.role or role,
                password_hash=password_hash,
                name=_readable(identity.name),
            )
            connection.execute(insert(StaffAccount), {**row, "has_password": False})
            record_event(connection, row["id"], EventKind.JOINED if invited else EventKind.CREATED)
            _connect(connection, org_id, row["id"], identity)
            return str(row["id"])
    except IntegrityError as error:
        if made := _find(identity):
            return made
        raise NeedsPassword(identity.email) from error


def _use_invitation(connection: Connection, email: str) -> tuple[str, str] | None:
    """Use the latest open invitation of an address up, and return its org's ID and its role."""
    now = datetime.now(UTC)
    is_open = (
        InvitationRow.email == email,
        InvitationRow.accepted_at.is_(None),
        InvitationRow.withdrawn_at.is_(None),
        InvitationRow.expires_at > now,
    )
    latest = select(InvitationRow.id, InvitationRow.org_id, InvitationRow.role).where(*is_open)
    found = connection.execute(latest.order_by(InvitationRow.created_at.desc()).limit(1)).first()
    if found is None:
        return None
    used = update(InvitationRow).where(InvitationRow.id == found.id, *is_open)
    if not connection.execute(used.values(accepted_at=now)).rowcount:
        return None
    return found.org_id, found.role


def _connect(connection: Connection, org_id: str, staff_id: str, identity: CompanyIdentity) -> None:
    row = {
        "id": str(uuid.uuid4()),
        "org_id": org_id,
        "created_at": datetime.now(UTC),
        "staff_id": staff_id,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "email": identity.email,
    }
    connection.execute(insert(StaffIdentity), row)
    record_event(connection, staff_id, EventKind.CONNECTED)


def _with_role(member: StaffMember, role: str | None) -> StaffMember:
    """Set the role that the provider says, and return the person's current data.

    The last admin stays one, so that a mistake at the provider locks nobody out of the settings.
    """
    if role is None or role == member.role:
        return member
    try:
        change_role(member.org_id, member.id, role=role, by=None, doer=PROVIDER)
    except Conflict:
        _log.warning("The last admin of org %s stays one, not %s", member.org_id, role)
        return member
    return reload_staff(member.id) or member


def _readable(name: str) -> str:
    return "".join(one for one in name.strip() if one.isprintable())[:MAX_PERSON_NAME]
