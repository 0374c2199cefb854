"""Safe repeats: a key that a client chose makes one thing, however often it is sent.

A client whose line broke cannot know whether its order was taken. It sends the same request again
with the same key, and gets the first answer again (docs/contract.md, "Safe repeats"). The key is
written in the same transaction as what it has made, so there is never one without the other.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, select, tuple_

from orders.domain.errors import FieldError, InvalidInput, ServiceBusy
from orders.domain.texts import lazy_gettext
from orders.services.accounts.access import Actor
from orders.storage import database
from orders.storage.database import CompiledSelect
from orders.storage.tables import insert_new, submission

# How long a key of the JSON door stands for its first answer; keys of forms stand for ever.
KEPT_FOR = timedelta(hours=24)
MAX_KEY = 255  # characters
KEY_HEADER = "Idempotency-Key"
# Seconds between two times that a process clears away old keys, and how many it takes at once.
CLEARING_PAUSE = 600.0
CLEARED_AT_ONCE = 1_000
SHORT_PAUSE = 2.0  # when there are more

Answer = dict[str, Any]


class KeyAlreadyUsed(Exception):  # noqa: N818 - named for what happened, as our other errors
    """The key was taken meanwhile: its first answer is the one to give."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Makes a creation safe to repeat: one thing for each key of an actor.

    `key`: at most 255 characters, chosen by the form or client; `fingerprint`: SHA-256 over what
    was sent, hexadecimal. `answer` turns what was made into the answer to keep; without it, what
    was made is found again by its order.
    """

    key: str
    fingerprint: str
    answer: Callable[[Any], Answer] | None = None


def fingerprint(raw: object) -> str:
    """Give SHA-256, hexadecimal, over what was sent; the order of keys does not count.

    Raises InvalidInput for what is nested too deeply to be written again.
    """
    try:
        text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise InvalidInput([FieldError("", lazy_gettext("Nested far too deeply."))]) from error
    return hashlib.sha256(text.encode()).hexdigest()


def row(
    once: IdempotencyKey,
    actor: Actor,
    made: Any,  # noqa: ANN401 - whatever the service makes
    *,
    at: datetime,
    order_id: str | None = None,
) -> dict[str, Any]:
    """Give the row of `submission` that goes into the transaction of what was made."""
    return {
        "actor_id": actor.id,
        "key": once.key,
        "fingerprint": once.fingerprint,
        "order_id": order_id,
        "answer": None if once.answer is None else once.answer(made),
        "created_at": at,
    }


def remember(
    connection: Connection,
    once: IdempotencyKey | None,
    actor: Actor,
    made: Any,  # noqa: ANN401 - whatever the service makes
    *,
    at: datetime,
) -> None:
    """Write the key within the transaction of what was made; without a key nothing happens.

    Raises Repeated, which undoes the transaction, when the key is there already.
    """
    if once is None:
        return
    if not insert_new(connection, submission, row(once, actor, made, at=at)):
        raise KeyAlreadyUsed


_answer_of_key = CompiledSelect(
    select(submission.c.fingerprint, submission.c.answer, submission.c.created_at).where(
        submission.c.actor_id == bindparam("actor_id"), submission.c.key == bindparam("key")
    )
)


def find_answer(key: str, print_of_request: str, actor: Actor) -> Answer | None:
    """Give the first answer that this actor's key got within the last day, if any.

    Raises InvalidInput when the key came with other content then.
    """
    found = database.rows(_answer_of_key, {"actor_id": actor.id, "key": key})
    if not found:
        return None
    [kept] = found
    before = datetime.now(UTC) - KEPT_FOR
    if kept.created_at <= before:
        _forget(and_(submission.c.actor_id == actor.id, submission.c.key == key), before)
        return None
    if kept.fingerprint != print_of_request:
        message = lazy_gettext(
            "This key came with another request before. Use a new key for a new request."
        )
        raise InvalidInput([FieldError(KEY_HEADER, message)])
    answer: Answer = kept.answer
    return answer


class Clearing:
    """Clears away old keys now and then, so that they do not fill the database."""

    def __init__(self) -> None:
        self._next = time.monotonic() + CLEARING_PAUSE

    def maybe_clear(self) -> None:
        """Clear when it is time; called by requests that bring a key, which it never disturbs."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + CLEARING_PAUSE
        with contextlib.suppress(ServiceBusy):
            if clear_old() == CLEARED_AT_ONCE:
                self._next = time.monotonic() + SHORT_PAUSE


def clear_old(now: datetime | None = None) -> int:
    """Forget at most CLEARED_AT_ONCE keys that are older than KEPT_FOR; gives how many."""
    before = (now or datetime.now(UTC)) - KEPT_FOR
    old = (
        select(submission.c.actor_id, submission.c.key)
        .where(submission.c.answer.is_not(None), submission.c.created_at <= before)
        .limit(CLEARED_AT_ONCE)
    )
    return _forget(tuple_(submission.c.actor_id, submission.c.key).in_(old), before)


def _forget(which: ColumnElement[bool], before: datetime) -> int:
    """Delete keys, old ones only: the same key may have been used anew meanwhile."""
    statement = delete(submission).where(
        which, submission.c.answer.is_not(None), submission.c.created_at <= before
    )
    with database.transaction() as connection:
        return connection.execute(statement).rowcount
