"""Invitations: an address gets a link, by which a person makes an account of their own, once."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from orders.access import hash_secret
from orders.administration.accounts import address_faults, has_account, new_account, role_faults
from orders.administration.checks import refuse, require_id
from orders.administration.events import Happened, note
from orders.administration.links import new_link_secret
from orders.administration.orgs import require_org
from orders.administration.passwords import hash_password, password_faults
from orders.rules.errors import Conflict, FieldError, NotFound, Taken
from orders.rules.json_values import find_unstorable
from orders.rules.preferences import MAX_PERSON_NAME
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.org_models import Org
from orders.storage.people_models import Invitation as InvitationRow
from orders.storage.people_models import StaffAccount

INVITED_FOR = timedelta(days=7)
UNKNOWN = mark("There is no open invitation with this ID.")
DEAD_LINK = mark("This invitation is used, withdrawn, or older than 7 days. Ask for a new one.")


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation that nobody has accepted or withdrawn; it may be too old to be accepted."""

    id: str
    email: str
    role: str
    created_at: datetime
    expires_at: datetime
    org_name: str

    def is_over(self, now: datetime | None = None) -> bool:
        """Tell whether its link does not work any more."""
        return self.expires_at <= (now or datetime.now(UTC))


@dataclass(frozen=True, slots=True, repr=False)
class NewInvitation:
    """An invitation with its link's secret, which is given this once."""

    id: str
    email: str
    secret: str


def invite(
    org_id: str, *, email: str, role: str, by: str, now: datetime | None = None
) -> NewInvitation:
    """Invite an address; `by` is the ID of the admin who does.

    Raises InvalidInput naming the field, and Taken when the address has an account or an open
    invitation of this org already.
    """
    address, at = email.strip().lower(), now or datetime.now(UTC)
    refuse([*address_faults(address), *role_faults(role)])
    link, invitation_id = new_link_secret(), str(uuid.uuid4())
    row = {
        "id": invitation_id,
        "org_id": org_id,
        "email": address,
        "role": role,
        "secret_hash": link.secret_hash,
        "created_at": at,
        "created_by": by,
        "expires_at": at + INVITED_FOR,
    }

    def work(connection: Connection) -> None:
        require_org(connection, org_id, alone=True)
        if connection.execute(_account_of(address)).first() is not None:
            raise Taken("email", has_account(address))
        found = _open().where(InvitationRow.org_id == org_id, InvitationRow.email == address)
        if connection.execute(found).first() is not None:
            sentence = mark(
                "%(address)s is invited already: send that invitation again.", address=address
            )
            raise Taken("email", sentence)
        connection.execute(insert(InvitationRow), row)

    database.write(work)
    return NewInvitation(invitation_id, address, link.secret)


def list_invitations(org_id: str) -> list[Invitation]:
    """Give the org's open invitations, newest first; those that are too old as well."""
    statement = (
        _open()
        .where(InvitationRow.org_id == org_id)
        .order_by(InvitationRow.created_at.desc(), InvitationRow.id)
    )
    with database.read() as connection:
        return [Invitation(**row._mapping) for row in connection.execute(statement)]


def find_invitation(org_id: str, invitation_id: str) -> Invitation:
    """Read one open invitation of the org. Raises NotFound."""
    with database.read() as connection:
        return _find(connection, org_id, invitation_id)


def invite_again(
    org_id: str, invitation_id: str, *, by: str, now: datetime | None = None
) -> NewInvitation:
    """Give an invitation another link for the next 7 days; the one before works no more.

    Raises NotFound for one that is not open.
    """
    at, link = now or datetime.now(UTC), new_link_secret()

    def work(connection: Connection) -> str:
        found = _find(connection, org_id, invitation_id)
        values = {
            "secret_hash": link.secret_hash,
            "created_at": at,
            "created_by": by,
            "expires_at": at + INVITED_FOR,
        }
        own = (InvitationRow.id == invitation_id, *_IS_OPEN)
        if not connection.execute(update(InvitationRow).where(*own).values(**values)).rowcount:
            raise NotFound(UNKNOWN)  # accepted in this moment
        return found.email

    return NewInvitation(invitation_id, database.write(work), link.secret)


def withdraw(org_id: str, invitation_id: str) -> None:
    """Let nobody accept an invitation any more. Raises NotFound for one that is not open."""

    def work(connection: Connection) -> None:
        _find(connection, org_id, invitation_id)
        own = (InvitationRow.id == invitation_id, *_IS_OPEN)
        values = {"withdrawn_at": datetime.now(UTC)}
        if not connection.execute(update(InvitationRow).where(*own).values(values)).rowcount:
            raise NotFound(UNKNOWN)  # accepted in this moment

    database.write(work)


def find_by_link(secret: str, *, now: datetime | None = None) -> Invitation:
    """Read the invitation of a link. Raises NotFound when the link does not work (any more)."""
    with database.read() as connection:
        return _by_link(connection, secret, now or datetime.now(UTC))


def accept(secret: str, *, name: str, password: str, now: datetime | None = None) -> str:
    """Make the account of an invitation and give its ID; the link works no more.

    Raises InvalidInput naming the field, NotFound when the link does not work (any more), and
    Conflict when the address has come to an account another way.
    """
    at, name = now or datetime.now(UTC), name.strip()
    refuse([*name_faults(name), *password_faults(password)])
    find_by_link(secret, now=at)  # before the costly hash: strangers cannot ask for many
    password_hash = hash_password(password)

    def work(connection: Connection) -> str:
        found = _by_link(connection, secret, at)
        own = (InvitationRow.id == found.id, *_IS_OPEN)
        if not connection.execute(
            update(InvitationRow).where(*own).values(accepted_at=at)
        ).rowcount:
            raise NotFound(DEAD_LINK)
        org_id = connection.execute(
            select(InvitationRow.org_id).where(InvitationRow.id == found.id)
        ).scalar_one()
        row = new_account(
            org_id, email=found.email, role=found.role, password_hash=password_hash, name=name
        )
        connection.execute(insert(StaffAccount), row)
        note(connection, row["id"], Happened.JOINED, at=at)
        return str(row["id"])

    try:
        return database.write(work)
    except IntegrityError as error:
        raise Conflict(mark("This address has an account already: sign in with it.")) from error


def name_faults(name: str) -> list[FieldError]:
    """Say what is wrong with a person's name; it may be empty."""
    if len(name) > MAX_PERSON_NAME:
        return [FieldError("name", mark("At most %(most)s characters.", most=MAX_PERSON_NAME))]
    if not all(one.isprintable() for one in name):
        return [FieldError("name", mark("Letters that can be read, in one line."))]
    return find_unstorable(name, "name", nesting=0)


_IS_OPEN = (InvitationRow.accepted_at.is_(None), InvitationRow.withdrawn_at.is_(None))


def _open() -> Any:  # noqa: ANN401 - a statement, whose type would list its columns
    return (
        select(
            InvitationRow.id,
            InvitationRow.email,
            InvitationRow.role,
            InvitationRow.created_at,
            InvitationRow.expires_at,
            Org.name.label("org_name"),
        )
        .join(Org, Org.id == InvitationRow.org_id)
        .where(*_IS_OPEN)
    )


def _account_of(address: str) -> Any:  # noqa: ANN401 - a statement, whose type would list its columns
    return select(StaffAccount.id).where(StaffAccount.email == address)


def _find(connection: Connection, org_id: str, invitation_id: str) -> Invitation:
    require_id(invitation_id, UNKNOWN)
    own = (InvitationRow.org_id == org_id, InvitationRow.id == invitation_id)
    row = connection.execute(_open().where(*own)).one_or_none()
    if row is None:
        raise NotFound(UNKNOWN)
    return Invitation(**row._mapping)


def _by_link(connection: Connection, secret: str, now: datetime) -> Invitation:
    own = (InvitationRow.secret_hash == hash_secret(secret), InvitationRow.expires_at > now)
    row = connection.execute(_open().where(*own)).one_or_none()
    if row is None:
        raise NotFound(DEAD_LINK)
    return Invitation(**row._mapping)
