"""`Idempotency-Key`: a request that creates something may be sent again."""

import re
from collections.abc import Callable
from typing import Any

import orjson
from flask import request

from orders import repeats
from orders.access import Actor
from orders.api.answers import JsonAnswer
from orders.repeats import KEY_HEADER, MAX_KEY, Once, Repeated
from orders.rules.errors import Conflict, FieldError, InvalidInput, StaleVersion

_KEY = re.compile(rf"[\x21-\x7e](?:[\x20-\x7e]{{0,{MAX_KEY - 2}}}[\x21-\x7e])?")
# Tells that the answer is the first one, given again.
REPLAYED = "Idempotent-Replayed"

# What a view makes: a value, its status, and headers of its own.
Made = tuple[Any, int, dict[str, str]]

clearing = repeats.Clearing()


def answer_once(
    actor: Actor,
    content: object,
    make: Callable[[Once | None], Any],
    answer: Callable[[Any], Made],
) -> JsonAnswer:
    """Make something by `make` and answer by `answer`; with a key, only the first time.

    `content` is what was sent, parsed. `answer` may run in the thread that writes for several
    requests at once: it must not look at the request, and is given what it needs of it. The same
    key and content within a day give the first answer again. Raises InvalidInput for a key that is
    none, or that came with other content.
    """
    key = request.headers.get(KEY_HEADER)
    if key is None:
        value, status, headers = answer(make(None))
        return JsonAnswer(value, status, headers)
    if not _KEY.fullmatch(key):
        message = f"From 1 to {MAX_KEY} characters of printable ASCII, no blank at either end."
        raise InvalidInput([FieldError(KEY_HEADER, message)])
    clearing.maybe_clear()
    fingerprint = repeats.fingerprint([request.method, request.path, content])
    if kept := repeats.find_answer(key, fingerprint, actor):
        return _replayed(kept)

    def to_keep(made: Any) -> repeats.Answer:  # noqa: ANN401 - whatever the service makes
        value, status, headers = answer(made)
        # Through text, as it will be read again: the answer must not change with what was made.
        return {"status": status, "headers": headers, "body": orjson.dumps(value).decode()}

    try:
        value, status, headers = answer(make(Once(key, fingerprint, to_keep)))
    except (Repeated, Conflict, StaleVersion, InvalidInput):
        # The same request at the same moment may be why: its own first answer is what it gets.
        if kept := _kept(key, fingerprint, actor):
            return _replayed(kept)
        raise
    return JsonAnswer(value, status, headers)


def _kept(key: str, fingerprint: str, actor: Actor) -> repeats.Answer | None:
    try:
        return repeats.find_answer(key, fingerprint, actor)
    except InvalidInput:  # the key belongs to another request, which is refused for its own reason
        return None


def _replayed(kept: repeats.Answer) -> JsonAnswer:
    headers = {**kept["headers"], REPLAYED: "true"}
    return JsonAnswer(orjson.loads(kept["body"]), kept["status"], headers)
