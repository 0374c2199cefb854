"""The second factor: codes of an app (TOTP, RFC 6238), and recovery codes for a lost telephone.

A person with a second factor signs in by password and code. A code counts once: its time step is
kept, and neither it nor an older one is taken again. After MOST_WRONG wrong codes in a row the
account takes none for a while, from wherever they come: six digits can be guessed.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import pyotp
from sqlalchemy import Connection, delete, func, insert, select, update

from orders.access import StaffMember, hash_secret
from orders.administration import Happened, find_staff
from orders.administration.events import note
from orders.rules.errors import Conflict, FieldError, InvalidInput
from orders.rules.texts import mark
from orders.storage import database
from orders.storage.people_models import RecoveryCode, StaffAccount

ISSUER = "Shortorder"
STEP = 30  # seconds for which an app shows one code
DRIFT = 1  # steps by which the clock of a telephone may be wrong
MOST_WRONG = 10
WAIT = timedelta(minutes=15)
CODES = 10  # recovery codes of a set
# 80 bits in letters that nobody mixes up (Crockford's); SHA-256 is enough for so many.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_LOOK_ALIKE = str.maketrans("oil", "011")
_GROUPS, _LETTERS_A_GROUP = 4, 4
WRONG = mark("This code is not right, or it was used already. Wait for the next one.")
LOCKED = mark("Too many wrong codes. Please wait a quarter of an hour, then try again.")


class Outcome(Enum):
    """What became of a code."""

    BY_APP = "by app"
    BY_RECOVERY_CODE = "by recovery code"
    WRONG = "wrong"
    LOCKED = "locked"

    @property
    def is_right(self) -> bool:
        """Tell whether the person has proved who they are."""
        return self in {Outcome.BY_APP, Outcome.BY_RECOVERY_CODE}


@dataclass(frozen=True, slots=True)
class State:
    """What a person's account page says of the second factor."""

    is_on: bool
    codes_left: int


def new_secret() -> str:
    """Make a secret for an app: 160 random bits in base32."""
    return pyotp.random_base32()


def app_address(member: StaffMember, secret: str) -> str:
    """Give the `otpauth:` address that apps read from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=member.email, issuer_name=ISSUER)


def turn_on(
    member: StaffMember, secret: str, typed: str, *, now: datetime | None = None
) -> list[str]:
    """Switch the second factor on, once a code shows that the app has the secret.

    Gives the recovery codes, which are shown this once. All other sessions of the person end.
    Raises InvalidInput for a wrong code and Conflict when it is on already.
    """
    at = now or datetime.now(UTC)
    step = _step_of(secret, typed, at)
    if step is None:
        raise InvalidInput([FieldError("code", WRONG)])
    codes = _new_codes()

    def work(connection: Connection) -> None:
        changed = connection.execute(
            update(StaffAccount)
            .where(StaffAccount.id == member.id, StaffAccount.totp_secret.is_(None))
            .values(totp_secret=secret, totp_step=step, wrong_codes=0)
        )
        if not changed.rowcount:
            raise Conflict(mark("The second factor is switched on already."))
        _store(connection, member.id, codes)
        note(connection, member.id, Happened.FACTOR_ON, at=at)

    database.write(work)
    return codes


def turn_off(org_id: str, staff_id: str, *, by: str) -> None:
    """Switch the second factor of an account of the org off; its sessions end. Twice is fine.

    `by` is the ID of who asks for it. Raises NotFound.
    """
    find_staff(org_id, staff_id)

    def work(connection: Connection) -> None:
        changed = connection.execute(
            update(StaffAccount)
            .where(StaffAccount.id == staff_id, StaffAccount.totp_secret.is_not(None))
            .values(totp_secret=None, totp_step=None, wrong_codes=0)
        )
        connection.execute(delete(RecoveryCode).where(RecoveryCode.staff_id == staff_id))
        if changed.rowcount:
            note(connection, staff_id, Happened.FACTOR_OFF, by=by)

    database.write(work)


def renew_codes(member: StaffMember) -> list[str]:
    """Make other recovery codes; those before work no more. Raises Conflict without the factor."""
    codes = _new_codes()

    def work(connection: Connection) -> None:
        if connection.execute(_secret_of(member.id)).scalar() is None:
            raise Conflict(mark("The second factor is not switched on."))
        _store(connection, member.id, codes)
        note(connection, member.id, Happened.CODES)

    database.write(work)
    return codes


def state_of(member: StaffMember) -> State:
    """Tell how things stand with a person's second factor."""
    unused = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.staff_id == member.id, RecoveryCode.used_at.is_(None))
    )
    with database.read() as connection:
        return State(member.has_second_factor, connection.execute(unused).scalar_one())


def check(member: StaffMember, typed: str, *, now: datetime | None = None) -> Outcome:
    """Judge a code of the app or a recovery code; a right one is used up by this."""
    at = now or datetime.now(UTC)

    def work(connection: Connection) -> Outcome:
        row = connection.execute(
            select(
                StaffAccount.totp_secret,
                StaffAccount.totp_step,
                StaffAccount.wrong_codes,
                StaffAccount.wrong_code_at,
            )
            .where(StaffAccount.id == member.id)
            .with_for_update()  # of two at once the second sees what the first has used
        ).one()
        wrong_before = _wrong_lately(row, at)
        if row.totp_secret is None:
            return Outcome.WRONG
        if wrong_before >= MOST_WRONG:
            return Outcome.LOCKED
        step = _step_of(row.totp_secret, typed, at)
        if step is not None and (row.totp_step is None or step > row.totp_step):
            _set(connection, member.id, totp_step=step, wrong_codes=0)
            return Outcome.BY_APP
        if _use_recovery_code(connection, member.id, typed, at):
            _set(connection, member.id, wrong_codes=0)
            return Outcome.BY_RECOVERY_CODE
        _set(connection, member.id, wrong_codes=wrong_before + 1, wrong_code_at=at)
        return Outcome.WRONG

    return database.write(work)


def _wrong_lately(row: Any, now: datetime) -> int:  # noqa: ANN401 - a row of `staff_account`
    is_old = row.wrong_code_at is None or row.wrong_code_at <= now - WAIT
    return 0 if is_old else int(row.wrong_codes)


def _step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Give the time step that a code belongs to, if it is near."""
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


def _secret_of(staff_id: str) -> Any:  # noqa: ANN401 - a statement
    return select(StaffAccount.totp_secret).where(StaffAccount.id == staff_id).with_for_update()


def _set(connection: Connection, staff_id: str, **values: Any) -> None:  # noqa: ANN401 - values of columns
    connection.execute(update(StaffAccount).where(StaffAccount.id == staff_id).values(**values))
