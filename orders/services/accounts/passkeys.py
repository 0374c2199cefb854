"""Passkeys: credentials of devices and password managers that replace a password (WebAuthn).

A passkey that has verified its person, by a fingerprint or PIN, is two factors at once, and needs
no code. After a password it is enough to have it, in place of a code.
"""

import logging
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import webauthn
from sqlalchemy import ColumnElement, delete, func, insert, select, update
from webauthn.helpers import bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from orders.domain.errors import Conflict, FieldError, InvalidInput, NotFound
from orders.domain.identifiers import read_uuid
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import StaffMember, reload_staff
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.checks import name_errors, refuse
from orders.services.accounts.sessions import end_all, record_failed_try
from orders.storage import database
from orders.storage.models.people import PasskeyRow
from orders.storage.tables import columns_of, passkey

PRODUCT = "Shortorder"
MAX_PASSKEY_NAME = 80  # characters
MOST = 20  # passkeys of an account
MAX_ANSWER = 20_000  # characters of what a browser sends
CHALLENGE_FOR = timedelta(days=1)  # a sign-in page may stay open for so long
WRONG_PASSKEY = lazy_gettext("This passkey did not sign you in. Try again, or use your password.")
NOT_CONFIRMED = lazy_gettext("This passkey did not confirm that it is you. Try again.")
NOT_CREATED = lazy_gettext("The passkey could not be added. Try again.")
ENOUGH = lazy_gettext("You have %(most)s passkeys. Remove one first.")
UNKNOWN = lazy_gettext("There is no passkey with this ID.")
_log = logging.getLogger(__name__)
# What the library and the readers of its formats raise for malformed input.
_MALFORMED = (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError)


@dataclass(frozen=True, slots=True)
class Site:
    """The site for which passkeys are: its host name, and its origin (`https://host:port`)."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """Random text that a passkey signs, in base64url, and when it was made."""

    value: str
    made_at: datetime

    @property
    def raw(self) -> bytes:
        return webauthn.base64url_to_bytes(self.value)

    def is_over(self, now: datetime) -> bool:
        return self.made_at < now - CHALLENGE_FOR


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey in the list of an account; `last_used_at` is None if it has not been used yet."""

    id: str
    created_at: datetime
    name: str
    last_used_at: datetime | None


def new_challenge() -> Challenge:
    """Return a challenge of 256 random bits."""
    now = datetime.now(UTC)
    # As precise as what is stored, so that no use appears to be before its challenge.
    made_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Challenge(bytes_to_base64url(secrets.token_bytes(32)), made_at)


def list_passkeys(member: StaffMember) -> Sequence[Passkey]:
    """Return the passkeys of a person, the oldest first."""
    own = select(*columns_of(Passkey, passkey)).where(*_of(member))
    rows = database.fetch_all(own.order_by(PasskeyRow.created_at, PasskeyRow.id))
    return [Passkey(*row) for row in rows]


def options_to_add(member: StaffMember, site: Site, challenge: Challenge) -> str:
    """Return the options for `navigator.credentials.create`, as JSON."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=PRODUCT,
        user_name=member.email,
        user_id=uuid.UUID(member.id).bytes,
        user_display_name=member.shown_name,
        challenge=challenge.raw,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(member),
    )
    return webauthn.options_to_json(options)


def options_to_use(site: Site, challenge: Challenge, member: StaffMember | None = None) -> str:
    """Return the options for `navigator.credentials.get`, as JSON.

    Without `member`, the browser offers all passkeys that it has for the site.
    """
    verification = UserVerificationRequirement.REQUIRED
    if member is not None:
        verification = UserVerificationRequirement.PREFERRED
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=challenge.raw,
        allow_credentials=_descriptors(member) if member else None,
        user_verification=verification,
    )
    return webauthn.options_to_json(options)


def add(
    member: StaffMember, answer: str, *, name: str, site: Site, challenge: Challenge | None
) -> None:
    """Add a passkey that a browser has made for a person.

    `answer` is the credential as JSON; `challenge` is that of the options, or None if there is none
    any more. Raises InvalidInput with an error at `name` for an invalid name, or at `credential`
    for a credential that is not valid, and Conflict if the person has MOST passkeys or the passkey
    is known already.
    """
    refuse(name_errors(name, MAX_PASSKEY_NAME))
    failed = InvalidInput([FieldError("credential", NOT_CREATED)])
    now = datetime.now(UTC)
    if challenge is None or challenge.is_over(now):
        raise failed
    try:
        made = webauthn.verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge.raw,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _MALFORMED as error:
        _log.warning("A passkey was not added: %r", error)
        raise failed from error
    row = {
        "id": str(uuid.uuid4()),
        "org_id": member.org_id,
        "created_at": now,
        "staff_id": member.id,
        "credential_id": bytes_to_base64url(made.credential_id),
        "public_key": bytes_to_base64url(made.credential_public_key),
        "sign_count": made.sign_count,
        "name": name.strip(),
    }
    with database.transaction() as connection:
        count = select(func.count()).select_from(PasskeyRow).where(*_of(member))
        if connection.execute(count).scalar_one() >= MOST:
            raise Conflict(lazy_gettext(ENOUGH, most=MOST))
        known = select(PasskeyRow.id).where(PasskeyRow.credential_id == row["credential_id"])
        if connection.execute(known).first() is not None:
            raise failed
        connection.execute(insert(PasskeyRow), row)
        record_event(connection, member.id, EventKind.PASSKEY_ON, at=now)


def use(
    answer: str,
    *,
    site: Site,
    challenge: Challenge | None,
    member: StaffMember | None = None,
    is_alone: bool = False,
) -> StaffMember | None:
    """Return the person whose passkey has signed the challenge; None for an answer that is wrong.

    `answer` is the assertion as JSON. With `member`, the passkey must be theirs. Without `member`,
    and if the passkey `is_alone`, not beside another factor, it must have verified the person. A
    challenge that is older than the last use of a passkey is over, and a sign count that has not
    grown, as that of a copy, is wrong. The result is also None for a disabled account.
    """
    now = datetime.now(UTC)
    if challenge is None or challenge.is_over(now):
        return None
    try:
        sent = _read(answer)
        credential_id = str(sent["id"]).replace("\0", "")
    except _MALFORMED:
        return None

    found = select(PasskeyRow).where(PasskeyRow.credential_id == credential_id)
    with database.transaction() as connection:
        row = connection.execute(found.with_for_update()).one_or_none()
        if row is None or (member is not None and member.id != row.staff_id):
            return None
        if row.last_used_at is not None and challenge.made_at <= row.last_used_at:
            return None  # sent again, or from a page that was open before: no failed try
        needs_person = is_alone or member is None
        new_count = _verified(sent, row, site, challenge, needs_person=needs_person)
        if new_count is not None:
            used = {"sign_count": new_count, "last_used_at": now}
            connection.execute(update(PasskeyRow).where(PasskeyRow.id == row.id).values(used))
    owner = reload_staff(row.staff_id)
    if new_count is None and owner is not None:
        record_failed_try(owner.email)
        return None
    return owner


def remove(member: StaffMember, passkey_id: str) -> None:
    """Remove a passkey of a person, and end all of their sessions: it may be in other hands.

    Raises NotFound if they have none with this ID.
    """
    own = (*_of(member), PasskeyRow.id == passkey_id)
    with database.transaction() as connection:
        if (
            read_uuid(passkey_id) is None
            or not connection.execute(delete(PasskeyRow).where(*own)).rowcount
        ):
            raise NotFound(UNKNOWN)
        end_all(connection, member.id)
        record_event(connection, member.id, EventKind.PASSKEY_OFF)


def _verified(
    sent: Mapping[str, Any],
    row: Any,  # noqa: ANN401 - a row of `passkey`
    site: Site,
    challenge: Challenge,
    *,
    needs_person: bool,
) -> int | None:
    """Return the new sign count if the answer is that of the passkey in `row`, else None."""
    handle = sent.get("response", {}).get("userHandle")
    if handle and handle != bytes_to_base64url(uuid.UUID(row.staff_id).bytes):
        return None
    try:
        done = webauthn.verify_authentication_response(
            credential=dict(sent),
            expected_challenge=challenge.raw,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=webauthn.base64url_to_bytes(row.public_key),
            credential_current_sign_count=row.sign_count,
            require_user_verification=needs_person,
        )
    except _MALFORMED as error:
        _log.warning("Passkey %s of account %s was refused: %r", row.id, row.staff_id, error)
        return None
    return done.new_sign_count


def _read(answer: str) -> dict[str, Any]:
    """Return the JSON object that a browser has sent; raise ValueError for anything else."""
    found = orjson.loads(answer[:MAX_ANSWER])
    if not isinstance(found, dict) or not isinstance(found.get("response"), dict):
        raise ValueError("no credential")  # noqa: TRY004 - as for malformed JSON
    return found


def _descriptors(member: StaffMember) -> list[PublicKeyCredentialDescriptor]:
    rows = database.fetch_all(select(PasskeyRow.credential_id).where(*_of(member)))
    return [PublicKeyCredentialDescriptor(webauthn.base64url_to_bytes(row[0])) for row in rows]


def _of(member: StaffMember) -> tuple[ColumnElement[bool], ...]:
    return (PasskeyRow.org_id == member.org_id, PasskeyRow.staff_id == member.id)
