"""JSON as it may arrive, and which of its values the service can keep.

Python's parser takes more than JSON (NaN) and loses some of it (repeated keys). What is not JSON is
refused at once; what is JSON but cannot be kept stays in the parsed value with a mark, so that the
fault can be told by its path.
"""

import json
import math
from typing import Any, NoReturn, TypeAlias

from orders.rules.errors import FieldError, InvalidOrder, NotJson

JsonValue: TypeAlias = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**63 - 1
# Longer literals cannot be 64-bit integers; Python refuses very long ones by an error of its own.
MAX_INTEGER_DIGITS = 20
# No message lists more faults of one document than people will read.
MAX_ERRORS = 100


class RepeatedKeys(dict[str, Any]):
    """An object that came with a key more than once; the last value of each key is kept."""

    repeated: tuple[str, ...] = ()


def parse_json(body: bytes) -> JsonValue:
    """Parse a body strictly.

    Raises NotJson for what is not JSON in UTF-8 (NaN and Infinity are not), and InvalidOrder when
    the nesting is deeper than any parser goes. Repeated keys, integers beyond 64 bits and numbers
    beyond the range of floats pass: `find_unstorable` names their paths.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotJson("The body is not UTF-8.") from error
    try:
        value: JsonValue = json.loads(
            text, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_integer
        )
    except json.JSONDecodeError as error:
        raise NotJson(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise InvalidOrder([FieldError("", "Nested far too deeply.")]) from error
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) == len(pairs):
        return plain
    marked = RepeatedKeys(plain)
    seen: set[str] = set()
    marked.repeated = tuple(
        dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]  # `add` returns None, which is what the condition needs
    )
    return marked


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"The body is not JSON: {name} is not a JSON value.")


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else MAX_INTEGER + 1


def join_path(path: str, part: str | int) -> str:
    """Append a key or a position to a path."""
    return f"{path}.{part}" if path else str(part)


def find_unstorable(value: object, path: str = "", *, nesting: int) -> list[FieldError]:
    """Find every value that the databases cannot keep as it is, by its path.

    That is: NUL or a lone surrogate in a text or key, a number that is not finite, an integer
    beyond 64 bits, a repeated key, and whatever lies deeper than `nesting` levels below a field.
    At most MAX_ERRORS are told.
    """
    errors: list[FieldError] = []
    # A list instead of recursion: the depth of the input must not become the depth of the stack.
    waiting: list[tuple[object, str, int]] = [(value, path, 0)]
    while waiting and len(errors) < MAX_ERRORS:
        one, where, depth = waiting.pop()
        if isinstance(one, str):
            if message := _text_fault(one):
                errors.append(FieldError(where, message))
        elif isinstance(one, dict | list | tuple):
            # The document itself is level 0, a field's object level 1.
            if depth > nesting:
                errors.append(FieldError(where, f"Nested deeper than {nesting} levels."))
                continue
            if isinstance(one, dict):
                errors += _key_faults(one, where)
                inner = [
                    (child, join_path(where, str(key)), depth + 1) for key, child in one.items()
                ]
            else:
                inner = [(child, join_path(where, at), depth + 1) for at, child in enumerate(one)]
            waiting.extend(reversed(inner))
        elif message := _number_fault(one):
            errors.append(FieldError(where, message))
    return errors


def _text_fault(text: str) -> str | None:
    if "\0" in text:
        return "Text without NUL characters."
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            return "Text without lone surrogates (half of a character)."
    return None


def _number_fault(number: object) -> str | None:
    if isinstance(number, bool) or number is None:
        return None
    if isinstance(number, int) and not MIN_INTEGER <= number <= MAX_INTEGER:
        return "A whole number of at most 64 bits."
    if isinstance(number, float) and not math.isfinite(number):
        return "A number within the range of 64-bit floats."
    return None


def _key_faults(one: dict[Any, Any], where: str) -> list[FieldError]:
    faults = []
    if isinstance(one, RepeatedKeys):
        faults += [
            FieldError(join_path(where, printable(key)), "This key stands here more than once.")
            for key in one.repeated
        ]
    for key in one:
        if isinstance(key, str) and (message := _text_fault(key)):
            faults.append(FieldError(join_path(where, printable(key)), f"As a key: {message}"))
    return faults


def printable(key: str) -> str:
    """Give a key in a form that can be written into any answer."""
    return key.replace("\0", "\\u0000").encode("utf-8", "backslashreplace").decode("utf-8")


def compact_size(value: object) -> int:
    """Give the size of a value as compact JSON in UTF-8, in bytes."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))
