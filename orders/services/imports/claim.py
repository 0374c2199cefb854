"""Claims on imports: the right of one process to work on an import until it is done.

A claim expires after a few seconds unless it is renewed, which happens with each step of the work,
so a dead process blocks nothing. If two processes worked on one import by mistake, no harm would be
done: each order has its own idempotency key, and is created once.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, update

from orders.domain.moments import now_or
from orders.domain.texts import pack_line
from orders.services.imports.records import WORKED_ON, Import, ImportState, import_from
from orders.storage import database
from orders.storage.tables import order_import

# A piece of work takes a fraction of it.
LEASE = timedelta(seconds=10)

Clock = Callable[[], datetime]
Note = Callable[[Connection], object]


class ClaimLost(Exception):  # noqa: N818 - named for what happened, as our other errors
    """Raised when a process's claim on an import is no longer valid.

    Either the import was changed, or another process works on it.
    """


def utc_now() -> datetime:
    return now_or(None)


class Claim:
    """A process's exclusive right to work on the import `one`. It expires unless it is renewed."""

    def __init__(self, one: Import, until: datetime, now: Clock) -> None:
        self.one = one
        self._until, self._now = until, now

    def keep(self, note: Note | None = None, *, in_any_case: bool = False) -> None:
        """Renew the claim and, in the same transaction, call `note` with the connection.

        `note` can write the results of the work. If the claim is no longer valid, ClaimLost is
        raised; then `note` is called only if `in_any_case` is true, and what it writes is stored
        nevertheless.
        """

        def work(connection: Connection) -> bool:
            is_valid = self._renew(connection, until)
            if note is not None and (is_valid or in_any_case):
                note(connection)
            return is_valid

        until = max(self._now() + LEASE, self._until + timedelta(milliseconds=1))
        if not database.write(work):
            raise ClaimLost
        self._until = until

    def finish(self, state: ImportState, message: str | None = None) -> None:
        """Set the state of the import when the work is done, and end the claim.

        `message` is the reason for a failure, else None. Raises ClaimLost if the claim is no longer
        valid.
        """
        is_end = state != ImportState.CHECKED
        values = {
            "state": state, "message": None if message is None else pack_line(message),
            "claimed_until": None, "waiting_since": None,
            "finished_at": self._now() if is_end else None,
        }  # fmt: skip
        ended = update(order_import).where(self._is_own()).values(values)
        if database.write(lambda connection: connection.execute(ended).rowcount) != 1:
            raise ClaimLost

    def release(self) -> None:
        """End the claim early, so that any process can continue the work at once.

        Does nothing if the claim is no longer valid.
        """
        statement = (
            update(order_import)
            .where(order_import.c.id == self.one.id, order_import.c.claimed_until == self._until)
            .values(claimed_until=None)
        )
        database.write(lambda connection: connection.execute(statement).rowcount)

    def _is_own(self, *other: datetime) -> ColumnElement[bool]:
        return and_(
            order_import.c.id == self.one.id,
            order_import.c.state == self.one.state,
            order_import.c.claimed_until.in_((self._until, *other)),
        )

    def _renew(self, connection: Connection, until: datetime) -> bool:
        # A write whose answer was lost runs again, and finds its own renewal.
        renewed = update(order_import).where(self._is_own(until)).values(claimed_until=until)
        return connection.execute(renewed).rowcount == 1


def claim_next(now: Clock = utc_now) -> Claim | None:
    """Claim the import that has waited longest for background work.

    Returns None if no import is waiting, or if another process has just claimed it. `now` returns
    the current time.
    """
    at = now()
    is_due = _is_due(at)
    oldest = select(order_import).where(is_due).order_by(order_import.c.waiting_since).limit(1)
    # Mostly there is nothing, and no lock is needed to see that.
    if database.fetch_one(oldest) is None:
        return None
    until = at + LEASE
    locked = oldest.with_for_update(skip_locked=True)

    def work(connection: Connection) -> Import | None:
        row = connection.execute(locked).first()
        if row is None:
            return None
        claim = update(order_import).where(order_import.c.id == row.id, is_due)
        taken = connection.execute(claim.values(claimed_until=until)).rowcount == 1
        return import_from(row) if taken else None

    one = database.write(work)
    return None if one is None else Claim(one, until, now)


def backlog(at: datetime) -> tuple[int, datetime | None]:
    """Return how many imports wait for background work, and since when the oldest of them does.

    Those that are being worked on at `at` do not count. Raises ServiceBusy if the database cannot
    be read.
    """
    since = order_import.c.waiting_since
    count, oldest = database.fetch_all(select(func.count(), func.min(since)).where(_is_due(at)))[0]
    return count, oldest


def _is_due(at: datetime) -> ColumnElement[bool]:
    return and_(
        order_import.c.waiting_since <= at,
        order_import.c.state.in_(WORKED_ON),
        or_(order_import.c.claimed_until.is_(None), order_import.c.claimed_until <= at),
    )
