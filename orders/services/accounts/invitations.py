"""Invitations: mailed links, each of which creates one account in an org."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.domain.errors import Conflict, NotFound, Taken
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import hash_password, hash_secret
from orders.services.accounts.account_events import EventKind, record, record_event
from orders.services.accounts.accounts import email_errors, email_taken, new_account, role_errors
from orders.services.accounts.checks import find_row, new_link_secret, person_name_errors, refuse
from orders.services.accounts.orgs import require_org
from orders.services.accounts.passwords import password_errors
from orders.storage import database
from orders.storage.models.orgs import Org
from orders.storage.models.people import InvitationRow, StaffAccount
from orders.storage.tables import columns_of, invitation

INVITED_FOR = timedelta(days=7)
UNKNOWN = lazy_gettext("No open invitation has this ID.")
DEAD_LINK = lazy_gettext(
    "This invitation was used, withdrawn, or is older than 7 days. Ask for a new one."
)


@dataclass(frozen=True, slots=True)
class Invitation:
    """An open invitation to an org: neither accepted nor withdrawn, but possibly expired."""

    id: str
    org_id: str
    email: str
    role: str
    created_at: datetime
    expires_at: datetime
    org_name: str

    def is_over(self, now: datetime | None = None) -> bool:
        return self.expires_at <= (now or datetime.now(UTC))


@dataclass(frozen=True, slots=True, repr=False)
class NewInvitation:
    """An invitation with a new link.

    `secret` is the secret in the link. It cannot be read later, because only a hash is stored.
    """

    id: str
    email: str
    secret: str


def invite(
    org_id: str, *, email: str, role: str, by: str | None = None, now: datetime | None = None
) -> NewInvitation:
    """Store an invitation to create an account in the org, and return it with its link's secret.

    `by` is the ID of the inviting admin, or None for the command line. The caller must mail the
    link, which expires after INVITED_FOR. Raises InvalidInput for an invalid address or role,
    NotFound for an unknown org, and Taken if the address has an account in any org or an open
    invitation to this one.
    """
    address, invitation_id = email.strip().lower(), str(uuid.uuid4())
    refuse([*email_errors(address), *role_errors(role)])
    secret, link = _new_link(by, now)
    row = {"id": invitation_id, "org_id": org_id, "email": address, "role": role, **link}

    with database.transaction() as connection:
        require_org(connection, org_id, lock=True)
        account = select(StaffAccount.id).where(StaffAccount.email == address)
        if connection.execute(account).first() is not None:
            raise Taken("email", email_taken(address))
        found = _open().where(InvitationRow.org_id == org_id, InvitationRow.email == address)
        if connection.execute(found).first() is not None:
            sentence = lazy_gettext(
                "%(address)s is already invited. Send that invitation again.", address=address
            )
            raise Taken("email", sentence)
        connection.execute(insert(InvitationRow), row)
        record(connection, org_id, EventKind.INVITED, invitation_id, role)
    return NewInvitation(invitation_id, address, secret)


def list_invitations(org_id: str) -> list[Invitation]:
    """Return the org's open invitations (not accepted, not withdrawn), newest first.

    Expired invitations are included.
    """
    statement = (
        _open()
        .where(InvitationRow.org_id == org_id)
        .order_by(InvitationRow.created_at.desc(), InvitationRow.id)
    )
    return [Invitation(**row._mapping) for row in database.fetch_all(statement)]


def find_invitation(org_id: str, invitation_id: str) -> Invitation:
    """Return an open invitation of the org, even if it has expired.

    Raises NotFound if the invitation is unknown, accepted or withdrawn.
    """
    with database.read() as connection:
        return _find(connection, org_id, invitation_id)


def invite_again(
    org_id: str, invitation_id: str, *, by: str, now: datetime | None = None
) -> NewInvitation:
    """Replace the link of an open invitation, and return the invitation with the new secret.

    `by` is the ID of the admin who makes the change. The new link expires after INVITED_FOR. Raises
    NotFound if the invitation is unknown, accepted or withdrawn.
    """
    secret, link = _new_link(by, now)

    with database.transaction() as connection:
        found = _find(connection, org_id, invitation_id)
        _change(connection, invitation_id, link, UNKNOWN)
        record(connection, org_id, EventKind.INVITED_AGAIN, invitation_id, found.role)
        return NewInvitation(invitation_id, found.email, secret)


def _new_link(by: str | None, now: datetime | None) -> tuple[str, dict[str, Any]]:
    """Return the secret of a new link, and the values of an invitation's columns for this link.

    `by` is the ID of the admin who creates the link, or None for the command line.
    """
    at, secret = now or datetime.now(UTC), new_link_secret()
    columns = {
        "secret_hash": hash_secret(secret),
        "created_at": at,
        "created_by": by or "",
        "expires_at": at + INVITED_FOR,
    }
    return secret, columns


def withdraw(org_id: str, invitation_id: str) -> None:
    """Withdraw an invitation permanently.

    Raises NotFound if the invitation is unknown, accepted or already withdrawn.
    """
    with database.transaction() as connection:
        found = _find(connection, org_id, invitation_id)
        _change(connection, invitation_id, {"withdrawn_at": datetime.now(UTC)}, UNKNOWN)
        record(connection, org_id, EventKind.WITHDRAWN, invitation_id, found.role)


def find_by_link(secret: str, *, now: datetime | None = None) -> Invitation:
    """Return the open invitation whose link contains this secret.

    Raises NotFound if there is none, or if the invitation is accepted, withdrawn or expired.
    """
    with database.read() as connection:
        return _by_link(connection, secret, now or datetime.now(UTC))


def accept(secret: str, *, name: str, password: str, now: datetime | None = None) -> str:
    """Create an account for an invited person, and return the account's ID.

    `secret` is the secret in the invitation's link, which cannot be used again afterwards. Raises
    InvalidInput for an invalid name or password, NotFound for a link that is unknown, used,
    withdrawn or expired, and Conflict if the address already has an account.
    """
    at, name = now or datetime.now(UTC), name.strip()
    # Before the costly hash, so that strangers cannot cause load.
    found = find_by_link(secret, now=at)
    about = (name, found.email, found.org_name)
    refuse([*person_name_errors(name), *password_errors(password, about)])
    password_hash = hash_password(password)

    try:
        with database.transaction() as connection:
            found = _by_link(connection, secret, at)
            _change(connection, found.id, {"accepted_at": at}, DEAD_LINK)
            row = new_account(
                found.org_id,
                email=found.email,
                role=found.role,
                password_hash=password_hash,
                name=name,
            )
            connection.execute(insert(StaffAccount), row)
            record_event(connection, row["id"], EventKind.JOINED, at=at)
            return str(row["id"])
    except IntegrityError as error:
        raise Conflict(
            lazy_gettext("This e-mail address already has an account. Sign in instead.")
        ) from error


_IS_OPEN = (InvitationRow.accepted_at.is_(None), InvitationRow.withdrawn_at.is_(None))


def _open() -> Any:  # noqa: ANN401 - a statement, whose type would list its columns
    return (
        select(*columns_of(Invitation, invitation), Org.name.label("org_name"))
        .join(Org, Org.id == InvitationRow.org_id)
        .where(*_IS_OPEN)
    )


def _change(
    connection: Connection, invitation_id: str, values: dict[str, Any], message: str
) -> None:
    """Set columns of an open invitation to `values`.

    Raises NotFound with `message` if the invitation is no longer open.
    """
    own = (InvitationRow.id == invitation_id, *_IS_OPEN)
    if not connection.execute(update(InvitationRow).where(*own).values(values)).rowcount:
        raise NotFound(message)


def _find(connection: Connection, org_id: str, invitation_id: str) -> Invitation:
    own = (InvitationRow.org_id == org_id, InvitationRow.id == invitation_id)
    row = find_row(connection, _open().where(*own), invitation_id, UNKNOWN)
    return Invitation(**row._mapping)


def _by_link(connection: Connection, secret: str, now: datetime) -> Invitation:
    own = (InvitationRow.secret_hash == hash_secret(secret), InvitationRow.expires_at > now)
    row = connection.execute(_open().where(*own)).one_or_none()
    if row is None:
        raise NotFound(DEAD_LINK)
    return Invitation(**row._mapping)
