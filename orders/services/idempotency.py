"""Idempotency: a request with a key chosen by the client takes effect once.

A client that got no response cannot know whether its order was stored. It sends the same request
again with the same key, and gets the first response again (docs/contract.md, "Safe repeats"). The
key is written in the transaction of what the request changes: neither exists without the other.
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

# How long the API keeps the response to a key. Keys of forms are kept forever.
KEPT_FOR = timedelta(hours=24)
MAX_KEY = 255  # characters
KEY_HEADER = "Idempotency-Key"
# Seconds between two deletions of old keys by one process, and the number of keys each deletes.
CLEARING_PAUSE = 600.0
CLEARED_AT_ONCE = 1_000
SHORT_PAUSE = 2.0  # when there are more

Answer = dict[str, Any]


class KeyAlreadyUsed(Exception):  # noqa: N818 - named for what happened, as our other errors
    """Another request stored this key meanwhile; its response is the one to send."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The idempotency key of a request; an actor can use each key for one request only.

    `key`: at most 255 characters, chosen by the form or client; `fingerprint`: hexadecimal SHA-256
    of what was sent. `answer` turns what was made into the response to keep, inside the transaction
    and maybe in another thread; without it, the order that was made is looked up instead.
    """

    key: str
    fingerprint: str
    answer: Callable[[Any], Answer] | None = None


def fingerprint(raw: object) -> str:
    """Return the hexadecimal SHA-256 of what was sent; the order of keys does not matter.

    Raises InvalidInput for values that are nested too deeply to be written as JSON.
    """
    try:
        text = json.dumps(raw, sort_keys=True, separators=(",", ":"))
    except RecursionError as error:
        raise InvalidInput([FieldError("", lazy_gettext("Nested far too deeply."))]) from error
    return hashlib.sha256(text.encode()).hexdigest()


def row(
    key: IdempotencyKey,
    actor: Actor,
    made: Any,  # noqa: ANN401 - whatever the service makes
    *,
    at: datetime,
    order_id: str | None = None,
) -> dict[str, Any]:
    """Return a row for the table of keys, to be written in the transaction of what was made.

    `made` is passed to the `answer` of the key, which returns what is kept.
    """
    return {
        "actor_id": actor.id,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "order_id": order_id,
        "answer": None if key.answer is None else key.answer(made),
        "created_at": at,
    }


def remember(
    connection: Connection,
    key: IdempotencyKey | None,
    actor: Actor,
    made: Any,  # noqa: ANN401 - whatever the service makes
    *,
    at: datetime,
) -> None:
    """Write the key within the transaction of what was made; without a key, do nothing.

    Raises KeyAlreadyUsed, which rolls the transaction back, when the key is stored already.
    """
    if key is None:
        return
    if not insert_new(connection, submission, row(key, actor, made, at=at)):
        raise KeyAlreadyUsed


_answer_of_key = CompiledSelect(
    select(submission.c.fingerprint, submission.c.answer, submission.c.created_at).where(
        submission.c.actor_id == bindparam("actor_id"), submission.c.key == bindparam("key")
    )
)


def find_answer(key: str, sent_fingerprint: str, actor: Actor) -> Answer | None:
    """Return the answer that this actor's key got within KEPT_FOR, or None if it was not used.

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
    if kept.fingerprint != sent_fingerprint:
        message = lazy_gettext(
            "This key came with another request before. Use a new key for a new request."
        )
        raise InvalidInput([FieldError(KEY_HEADER, message)])
    answer: Answer = kept.answer
    return answer


class Clearing:
    """Deletes old keys now and then, so that they do not fill the database."""

    def __init__(self) -> None:
        self._next = time.monotonic() + CLEARING_PAUSE

    def maybe_clear(self) -> None:
        """Delete old keys when it is time; requests with a key call this, and it raises nothing."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + CLEARING_PAUSE
        with contextlib.suppress(ServiceBusy):
            if clear_old() == CLEARED_AT_ONCE:
                self._next = time.monotonic() + SHORT_PAUSE


def clear_old(now: datetime | None = None) -> int:
    """Delete at most CLEARED_AT_ONCE keys that are older than KEPT_FOR; return how many."""
    before = (now or datetime.now(UTC)) - KEPT_FOR
    old = (
        select(submission.c.actor_id, submission.c.key)
        .where(submission.c.answer.is_not(None), submission.c.created_at <= before)
        .limit(CLEARED_AT_ONCE)
    )
    return _forget(tuple_(submission.c.actor_id, submission.c.key).in_(old), before)


def _forget(which: ColumnElement[bool], before: datetime) -> int:
    """Delete keys, but only old ones: the same key may have been used again meanwhile."""
    statement = delete(submission).where(
        which, submission.c.answer.is_not(None), submission.c.created_at <= before
    )
    return database.execute(statement)
