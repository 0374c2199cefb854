"""Idempotency: a request with a key chosen by the client takes effect once.

A client that received no response cannot know whether its order was stored. It sends the same
request again with the same key, and receives the first response again (docs/contract.md, "Safe
repeats"). The key is written in the same transaction as the changes that the request makes, so
neither is stored without the other.
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
from orders.storage.encryption import decrypt, encrypt
from orders.storage.tables import insert_new, submission

# How long the API keeps the response to a key. Keys of forms are kept forever.
KEPT_FOR = timedelta(hours=24)
MAX_KEY = 255  # characters
KEY_HEADER = "Idempotency-Key"
# The only key of a stored response that contains a secret.
ENCRYPTED = "encrypted"
# Seconds between two deletions of old keys by one process, and the number of keys each deletes.
CLEARING_PAUSE = 600.0
CLEARED_AT_ONCE = 1_000
SHORT_PAUSE = 2.0  # when there are more

Answer = dict[str, Any]


class KeyAlreadyUsed(Exception):  # noqa: N818 - named for what happened, as our other errors
    """Raised when another request has stored the same key in the meantime.

    The caller must send the response that is stored with the key.
    """


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The idempotency key of a request; an actor can use each key for one request only.

    `key` is a text of at most MAX_KEY characters that the form or client has chosen. `fingerprint`
    is the hexadecimal SHA-256 of what was sent. `answer` takes the object that the service created
    and returns the response to store with the key; it is called in the transaction, possibly in
    another thread. If `answer` is None, no response is stored, and a repeated request looks up the
    order that was created. If `is_secret` is true, the response contains a secret, and is stored
    encrypted.
    """

    key: str
    fingerprint: str
    answer: Callable[[Any], Answer] | None = None
    is_secret: bool = False


def fingerprint(raw: object) -> str:
    """Return the hexadecimal SHA-256 of a JSON value, regardless of the order of its keys.

    Raises InvalidInput if the value is nested too deeply.
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
    """Return the row of the table `submission` that stores an idempotency key.

    The caller must insert it in the transaction of the request's changes. `made` is the object that
    the request created, from which `key.answer` makes the response to store. `order_id` is the ID
    of the order if the request created one. `at` is the time of the request.
    """
    return {
        "actor_id": actor.id,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "order_id": order_id,
        "answer": None if key.answer is None else _to_store(key.answer(made), key),
        "created_at": at,
    }


def _to_store(answer: Answer, key: IdempotencyKey) -> Answer:
    return {ENCRYPTED: encrypt(json.dumps(answer))} if key.is_secret else answer


def remember(
    connection: Connection,
    key: IdempotencyKey | None,
    actor: Actor,
    made: Any,  # noqa: ANN401 - whatever the service makes
    *,
    at: datetime,
) -> None:
    """Store an idempotency key and the response for `made`, in the caller's transaction.

    Does nothing if `key` is None. `made` is the object that the request created or changed. Raises
    KeyAlreadyUsed, which rolls the transaction back, if the key is already stored.
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
    """Return the response stored with this actor's `key`, if the key was used within KEPT_FOR.

    Returns None if there is no such response. `sent_fingerprint` is the `fingerprint` of the
    current request. Raises InvalidInput if the key was used for a request with other content.
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
            "This key was already used for a different request. Use a new key for a new request."
        )
        raise InvalidInput([FieldError(KEY_HEADER, message)])
    answer: Answer = kept.answer
    if ENCRYPTED in answer:
        answer = json.loads(decrypt(answer[ENCRYPTED]))
    return answer


class Clearing:
    """Deletes expired keys from time to time; each process has one instance."""

    def __init__(self) -> None:
        self._next = time.monotonic() + CLEARING_PAUSE

    def maybe_clear(self) -> None:
        """Delete expired keys if the last deletion by this process was long enough ago.

        Requests with a key call this. A busy database is ignored.
        """
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + CLEARING_PAUSE
        with contextlib.suppress(ServiceBusy):
            if clear_old() == CLEARED_AT_ONCE:
                self._next = time.monotonic() + SHORT_PAUSE


def clear_old(now: datetime | None = None) -> int:
    """Delete keys that were stored with a response more than KEPT_FOR ago; return how many.

    At most CLEARED_AT_ONCE keys are deleted.
    """
    before = (now or datetime.now(UTC)) - KEPT_FOR
    old = (
        select(submission.c.actor_id, submission.c.key)
        .where(submission.c.answer.is_not(None), submission.c.created_at <= before)
        .limit(CLEARED_AT_ONCE)
    )
    return _forget(tuple_(submission.c.actor_id, submission.c.key).in_(old), before)


def _forget(which: ColumnElement[bool], before: datetime) -> int:
    """Delete the keys that meet the condition `which` and were stored at or before `before`.

    Returns the number of deleted keys. Keys without a response are kept.
    """
    # By time as well: a key may have been used again meanwhile.
    statement = delete(submission).where(
        which, submission.c.answer.is_not(None), submission.c.created_at <= before
    )
    return database.execute(statement)
