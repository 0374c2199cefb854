"""Parse JSON strictly, find values that cannot be stored, and compare values.

Python's parser accepts more than JSON (NaN) and silently drops repeated keys. Here, text that is
not JSON is rejected at once. JSON that cannot be stored is kept in the parsed value, so that
`find_unstorable` can report it with its path.
"""

import functools
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn, TypeAlias

import orjson

from orders.domain.errors import FieldError, InvalidInput, NotJson
from orders.domain.texts import lazy_gettext

JsonValue: TypeAlias = bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"] | None

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1
# Longer literals cannot be 64-bit integers; Python refuses very long ones by an error of its own.
MAX_INTEGER_DIGITS = 20
# Characters of one key in a path; longer keys are cut, or a few faults would fill megabytes.
MAX_KEY_IN_PATH = 255
# No message lists more faults of one document than people will read.
MAX_ERRORS = 100

THE_BODY = lazy_gettext("The body")
_TOO_LONG = lazy_gettext("A whole number of at most 64 bits.")
_NOT_FINITE = lazy_gettext("A number within the range of 64-bit floats.")
_NO_VALUE = lazy_gettext("A JSON value.")
_NUL = lazy_gettext("Text without NUL characters.")
_HALF = lazy_gettext("Text without lone surrogates (half of a character).")
# Messages of Python's parser; those of another version of it stay English.
_REASONS = {
    str(reason): reason
    for reason in (
        lazy_gettext("Expecting value"),
        lazy_gettext("Expecting property name enclosed in double quotes"),
        lazy_gettext("Expecting ',' delimiter"),
        lazy_gettext("Expecting ':' delimiter"),
        lazy_gettext("Extra data"),
        lazy_gettext("Invalid control character at"),
        lazy_gettext("Invalid \\escape"),
        lazy_gettext("Invalid \\uXXXX escape"),
        lazy_gettext("Unterminated string starting at"),
        lazy_gettext("Illegal trailing comma before end of object"),
        lazy_gettext("Illegal trailing comma before end of array"),
    )
}


class RepeatedKeys(dict[str, Any]):
    """A JSON object in which some keys appeared more than once; `repeated` has these keys.

    The last value of each key is kept.
    """

    repeated: tuple[str, ...] = ()


def parse_json(body: bytes, what: str = THE_BODY) -> JsonValue:
    """Parse the body of a request as strict JSON; `what` is its name in error messages.

    Raises NotJson if it is not JSON in UTF-8 (NaN and Infinity are not JSON), and InvalidInput if
    it is nested too deeply for the parser. Repeated keys, integers beyond 64 bits and numbers
    beyond the range of floats are accepted; `find_unstorable` reports them with their paths.
    """
    try:
        text = body.decode("utf-8-sig")  # old Windows tools begin with a byte order mark
    except UnicodeDecodeError as error:
        raise NotJson(lazy_gettext("%(what)s is not UTF-8.", what=what)) from error

    def refuse(word: str) -> NoReturn:  # NaN and Infinity, which Python's parser accepts
        raise NotJson(
            lazy_gettext(
                "%(what)s is not JSON: %(word)s is not a JSON value.", what=what, word=word
            )
        )

    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=object_of, parse_constant=refuse, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise NotJson(
            lazy_gettext(
                "%(what)s is not JSON: %(reason)s at line %(line)s, column %(column)s.",
                what=what, reason=_REASONS.get(error.msg, error.msg),
                line=error.lineno, column=error.colno,
            )
        ) from error  # fmt: skip
    except RecursionError as error:
        raise InvalidInput([FieldError("", lazy_gettext("Nested far too deeply."))]) from error
    return value


def parse_json_text(text: str) -> JsonValue:
    """Return the value of text that may be JSON; None if it is not, or is nested too deeply."""
    try:
        return parse_json(text.encode("utf-8", "surrogatepass"))
    except (NotJson, InvalidInput):
        return None


def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return (key, value) pairs as a JSON object: a RepeatedKeys if a key occurs more than once."""
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    found = RepeatedKeys(plain)
    times = Counter(key for key, _ in pairs)
    found.repeated = tuple(key for key, count in times.items() if count > 1)
    return found


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else MAX_INTEGER + 1


def printable(key: str) -> str:
    """Return a key for messages, truncated to MAX_KEY_IN_PATH characters and then escaped.

    NUL and lone surrogates are escaped.
    """
    if len(key) > MAX_KEY_IN_PATH:
        key = f"{key[:MAX_KEY_IN_PATH]}…"
    if key.isascii() and "\0" not in key:
        return key
    return key.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")


def join_path(path: str, part: str | int) -> str:
    """Return a dotted path with a key or array position appended, escaped by `printable`."""
    text = printable(str(part))
    return f"{path}.{text}" if path else text


def nesting_sentence(nesting: int) -> str:
    return lazy_gettext("Nested deeper than %(most)s levels.", most=nesting)


def find_unstorable(value: object, path: str = "", *, nesting: int) -> list[FieldError]:
    """Return an error for every part of a JSON value that the databases cannot store.

    These parts are NUL and lone surrogates in strings and keys, numbers that are not finite,
    integers beyond 64 bits, repeated keys, objects and arrays more than `nesting` levels below
    `value`, and Python values that no JSON parser returns. `path` is the path of `value`. Returns
    at most MAX_ERRORS errors; [] if everything can be stored.
    """
    if _is_storable(value, nesting):
        return []
    return list(islice(_unstorable(value, path, (), nesting), MAX_ERRORS))


def _unstorable(
    value: object, start: str, place: tuple[Any, ...], nesting: int
) -> Iterator[FieldError]:
    # A path is written out for a fault only: an overlong key with many values below it would
    # otherwise be copied once for each of them.
    path = functools.partial(functools.reduce, join_path, place, start)
    if not isinstance(value, dict | list):
        if message := _scalar_fault(value):
            yield FieldError(path(), message)
    # The document itself is level 0, a field's object level 1.
    elif len(place) > nesting:
        yield FieldError(path(), nesting_sentence(nesting))
    else:
        if isinstance(value, dict):
            yield from _key_faults(value, path())
        for name, child in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unstorable(child, start, (*place, name), nesting)


def _is_storable(value: object, nesting: int) -> bool:
    """Return whether `find_unstorable` would find nothing: a fast check without any paths."""
    if not isinstance(value, dict | list):
        return _scalar_fault(value) is None
    # All texts are looked at together: two halves of a character in two texts stay halves.
    texts: list[Any] = []
    waiting: list[tuple[dict[Any, Any] | list[Any], int]] = [(value, 0)]
    while waiting:
        container, depth = waiting.pop()
        if depth > nesting or isinstance(container, RepeatedKeys):
            return False
        values: Iterable[object] = container
        if isinstance(container, dict):
            texts.extend(container)
            values = container.values()
        for one in values:
            if isinstance(one, str):
                texts.append(one)
            elif isinstance(one, dict | list):
                waiting.append((one, depth + 1))
            elif _scalar_fault(one):
                return False
    try:
        return _text_fault("".join(texts)) is None
    except TypeError:  # a key that is no text
        return False


def _scalar_fault(value: object) -> str | None:
    if isinstance(value, str):
        return _text_fault(value)
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int):
        return None if MIN_INTEGER <= value <= MAX_INTEGER else _TOO_LONG
    if isinstance(value, float):
        return None if math.isfinite(value) else _NOT_FINITE
    return _NO_VALUE


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return _NUL
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return _HALF
    return None


def _key_faults(one: dict[Any, Any], where: str) -> Iterator[FieldError]:
    if isinstance(one, RepeatedKeys):
        for key in one.repeated:
            yield FieldError(
                join_path(where, key), lazy_gettext("This key appears more than once.")
            )
    for key in one:
        message = _text_fault(key) if isinstance(key, str) else lazy_gettext("Text.")
        if message:
            yield FieldError(
                join_path(where, key), lazy_gettext("As a key: %(fault)s", fault=message)
            )


def canonical_json(value: object) -> bytes:
    """Return bytes that are equal for two values if and only if the values are the same JSON.

    The order of keys does not matter; true differs from 1, and 1 from 1.0. Accepts values of any
    size and depth.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # not storable: a big integer, half a character, or nested too deeply
        try:
            return json.dumps(value, sort_keys=True).encode()
        except RecursionError:
            return f"nested too deeply: {id(value)}".encode()


def same_json(left: object, right: object) -> bool:
    """Return whether two values are the same JSON, by the rules of `canonical_json`."""
    return canonical_json(left) == canonical_json(right)


def compact_size(value: object) -> int:
    """Return the number of bytes of a value as compact UTF-8 JSON, even if it cannot be stored."""
    try:
        return len(orjson.dumps(value))
    except TypeError:  # not storable, which is an error of its own
        text = json.dumps(
            value, ensure_ascii=False, separators=(",", ":"), skipkeys=True, default=str
        )
        return len(text.encode("utf-8", "surrogatepass"))
