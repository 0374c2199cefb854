"""The second factor: codes of an app (TOTP, RFC 6238), and recovery codes for a lost phone.

A code of the app works once: its time step is stored, and no code of that step or an earlier one is
accepted again. Because six digits could be guessed, MOST_WRONG wrong codes in a row lock the
account for WAIT, regardless of the client's address.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import pyotp
from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from orders.domain.errors import Conflict, FieldError, InvalidInput
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import StaffMember, hash_secret
from orders.services.accounts.account_events import EventKind, record_event
from orders.services.accounts.accounts import find_staff
from orders.services.accounts.checks import refuse
from orders.services.accounts.sessions import end_all, record_failed_try
from orders.storage import database
from orders.storage.models.people import PasskeyRow, RecoveryCode, StaffAccount

ISSUER = "Shortorder"
STEP = 30  # seconds for which an app shows one code
DRIFT = 1  # steps by which the clock of a phone may be wrong
MOST_WRONG = 10
WAIT = timedelta(minutes=15)
CODES = 10  # recovery codes of a set
# 80 bits in Crockford's unambiguous letters, so SHA-256 is enough for storing them.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOK_ALIKE = str.maketrans("oil", "011")
_GROUPS, _LETTERS_A_GROUP = 4, 4
WRONG = lazy_gettext("Wrong code, or it was already used. Wait for the next one.")
OWN_FACTOR = lazy_gettext("Change your own two-step sign-in on the page of your account.")
LOCKED = lazy_gettext("Too many wrong codes. Please try again in 15 minutes.")


class CodeResult(Enum):
    """The result of checking a code; LOCKED means that no code is accepted at the moment."""

    BY_APP = "by app"
    BY_RECOVERY_CODE = "by recovery code"
    BY_PASSKEY = "by passkey"
    WRONG = "wrong"
    LOCKED = "locked"

    @property
    def is_right(self) -> bool:
        return self not in {CodeResult.WRONG, CodeResult.LOCKED}


@dataclass(frozen=True, slots=True)
class SecondFactorState:
    """Whether a person's second factor is on, and how many recovery codes are unused."""

    is_on: bool
    codes_left: int


def new_secret() -> str:
    """Return a new TOTP secret for an authenticator app: 160 random bits in base32."""
    return pyotp.random_base32()


def app_address(member: StaffMember, secret: str) -> str:
    """Return the `otpauth:` URI of a TOTP secret, which authenticator apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name=ISSUER)


def turn_on(
    member: StaffMember, secret: str, typed: str, *, now: datetime | None = None
) -> list[str]:
    """Turn on a person's second factor if `typed` is the app's current code for `secret`.

    Ends all sessions of the person, and returns new recovery codes, of which only hashes are
    stored. Raises InvalidInput for a wrong code, and Conflict if the second factor is already on.
    """
    at = now or datetime.now(UTC)
    step = _step_of(secret, typed, at)
    if step is None:
        raise InvalidInput([FieldError("code", WRONG)])
    codes = _new_codes()

    with database.transaction() as connection:
        values = {"totp_secret": secret, "totp_step": step, "wrong_codes": 0}
        if not _set(connection, member.id, values, StaffAccount.totp_secret.is_(None)):
            raise Conflict(lazy_gettext("Two-step sign-in is already on."))
        _store(connection, member.id, codes)
        end_all(connection, member.id)
        record_event(connection, member.id, EventKind.FACTOR_ON, at=at)
    return codes


def turn_off(member: StaffMember, typed: str) -> None:
    """Turn off a person's second factor and end their sessions, if the code `typed` is right.

    Raises InvalidInput, with an error at `code`, for a wrong code.
    """
    require_code(member, typed, "code")
    with database.transaction() as connection:
        _turn_off(connection, member.id, by=member.id)


def reset(org_id: str, staff_id: str, *, by: str | None = None) -> None:
    """Turn off a colleague's second factor, remove their passkeys, and end their sessions.

    Does nothing if the colleague has neither. `by` is the ID of the admin's account, or None for
    the command line. Raises NotFound if the org has no account `staff_id`, and Conflict if it is
    the admin's own, because people prove their own second factor first.
    """
    find_staff(org_id, staff_id)
    if staff_id == by:
        raise Conflict(OWN_FACTOR)
    with database.transaction() as connection:
        _turn_off(connection, staff_id, by=by)
        if connection.execute(delete(PasskeyRow).where(PasskeyRow.staff_id == staff_id)).rowcount:
            end_all(connection, staff_id)
            record_event(connection, staff_id, EventKind.PASSKEY_OFF, by=by)


def _turn_off(connection: Connection, staff_id: str, *, by: str | None) -> None:
    values = {"totp_secret": None, "totp_step": None, "wrong_codes": 0}
    if _set(connection, staff_id, values, StaffAccount.totp_secret.is_not(None)):
        connection.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
        end_all(connection, staff_id)
        record_event(connection, staff_id, EventKind.FACTOR_OFF, by=by)


def renew_codes(member: StaffMember) -> list[str]:
    """Replace a person's recovery codes, and return the new ones.

    Raises Conflict if the person's second factor is off.
    """
    codes = _new_codes()
    secret = select(StaffAccount.totp_secret).where(StaffAccount.id == member.id)

    with database.transaction() as connection:
        if connection.execute(secret.with_for_update()).scalar() is None:
            raise Conflict(lazy_gettext("Two-step sign-in is off."))
        _store(connection, member.id, codes)
        record_event(connection, member.id, EventKind.CODES)
    return codes


def state_of(member: StaffMember) -> SecondFactorState:
    unused = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.staff_id == member.id, RecoveryCode.used_at.is_(None))
    )
    return SecondFactorState(member.has_second_factor, database.fetch_value(unused))


def check(member: StaffMember, typed: str, *, now: datetime | None = None) -> CodeResult:
    """Check the code that a person has typed: a code of the app or a recovery code.

    Each code works once. The result is WRONG if the person has no second factor. After MOST_WRONG
    wrong codes in a row, the result is LOCKED for WAIT, even for a correct code.
    """
    at = now or datetime.now(UTC)

    with database.transaction() as connection:
        row = connection.execute(
            select(
                StaffAccount.totp_secret,
                StaffAccount.totp_step,
                StaffAccount.wrong_codes,
                StaffAccount.wrong_code_at,
            )
            .where(StaffAccount.id == member.id)
            .with_for_update()  # parallel requests cannot use the same code
        ).one()
        wrong_before = _wrong_lately(row, at)
        if row.totp_secret is None:
            return CodeResult.WRONG
        if wrong_before >= MOST_WRONG:
            return CodeResult.LOCKED
        step = _step_of(row.totp_secret, typed, at)
        if step is not None and (row.totp_step is None or step > row.totp_step):
            _set(connection, member.id, {"totp_step": step, "wrong_codes": 0})
            return CodeResult.BY_APP
        if _use_recovery_code(connection, member.id, typed, at):
            _set(connection, member.id, {"wrong_codes": 0})
            return CodeResult.BY_RECOVERY_CODE
        _set(connection, member.id, {"wrong_codes": wrong_before + 1, "wrong_code_at": at})
        return CodeResult.WRONG


def require_code(member: StaffMember, typed: str, path: str) -> None:
    """Raise InvalidInput, with an error at `path`, unless `check` accepts the code `typed`.

    A wrong code counts as a failed try.
    """
    outcome = check(member, typed)
    if not outcome.is_right:
        record_failed_try(member.email)
        refuse([FieldError(path, LOCKED if outcome is CodeResult.LOCKED else WRONG)])


def _wrong_lately(row: Any, now: datetime) -> int:  # noqa: ANN401 - a row of `staff_account`
    is_old = row.wrong_code_at is None or row.wrong_code_at <= now - WAIT
    return 0 if is_old else int(row.wrong_codes)


def _step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the TOTP time step to which a typed code belongs.

    Returns None if the code is malformed, or if it belongs to no step within DRIFT of the current
    one.
    """
    code = "".join(typed.split()).replace("-", "")
    if len(code) != 6 or not (code.isascii() and code.isdigit()):
        return None
    app, current = pyotp.TOTP(secret), int(now.timestamp()) // STEP
    near = range(current - DRIFT, current + DRIFT + 1)
    right = [step for step in near if hmac.compare_digest(app.generate_otp(step), code)]
    return right[-1] if right else None


def _use_recovery_code(connection: Connection, staff_id: str, typed: str, now: datetime) -> bool:
    code = "".join(one for one in typed.lower().translate(_LOOK_ALIKE) if one in _LETTERS)
    own = (
        RecoveryCode.staff_id == staff_id,
        RecoveryCode.code_hash == hash_secret(code),
        RecoveryCode.used_at.is_(None),
    )
    return bool(connection.execute(update(RecoveryCode).where(*own).values(used_at=now)).rowcount)


def _new_codes() -> list[str]:
    def group() -> str:
        return "".join(secrets.choice(_LETTERS) for _ in range(_LETTERS_A_GROUP))

    return ["-".join(group() for _ in range(_GROUPS)) for _ in range(CODES)]


def _store(connection: Connection, staff_id: str, codes: list[str]) -> None:
    connection.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
    rows = [
        {"staff_id": staff_id, "code_hash": hash_secret(code.replace("-", ""))} for code in codes
    ]
    connection.execute(insert(RecoveryCode), rows)


def _set(
    connection: Connection, staff_id: str, values: dict[str, Any], *conditions: ColumnElement[bool]
) -> bool:
    """Set columns of an account to `values` if it meets all conditions; return whether it does."""
    own = update(StaffAccount).where(StaffAccount.id == staff_id, *conditions)
    return bool(connection.execute(own.values(values)).rowcount)
