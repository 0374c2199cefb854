"""How people type the metadata of an order or a line: one value a line, as `key: text`.

A value of another kind is written as JSON behind `:=`, so `width := 120` is a number. Whatever is
stored can be written so and read back unchanged: a text that would be misread is written as JSON.
"""

import json
from collections.abc import Mapping
from typing import Any

from orders.rules.texts import mark

JSON_MARK = ":="
NO_VALUE_SENTENCE = mark("Write each line as “key: value”.")
NO_JSON_SENTENCE = mark(
    "What follows “:=” must be JSON: a number, true, false, null, or an object."
)


class DetailError(ValueError):
    """A line that cannot be read; `line` counts from one, over all lines."""

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        self.message = message
        super().__init__(message)


def write_value(value: object) -> str:
    """Write a value of metadata into a field of one line, so that `read_value` gives it back."""
    if isinstance(value, str) and _is_plain(value):
        return value
    return f"{JSON_MARK} {json.dumps(value, ensure_ascii=False)}"


def read_value(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """Read a value as it was typed. Raises ValueError for what is marked as JSON and is none."""
    marked = text.strip()
    if not marked.startswith(JSON_MARK):
        return text
    try:
        return json.loads(marked.removeprefix(JSON_MARK), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError(NO_JSON_SENTENCE) from error


def write_details(details: Mapping[str, object] | None) -> str:
    """Write an object as lines of text."""
    return "\n".join(_write_line(key, value) for key, value in (details or {}).items())


def read_details(text: str) -> list[tuple[str, Any]]:
    """Read lines of text as keys and their values; blank lines do not count.

    Raises DetailError for the first line that cannot be read. Keys that come twice are kept.
    """
    details = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        key, rest = _split(line.strip(), number)
        try:
            details.append((key, read_value(rest.strip())))
        except ValueError as error:
            raise DetailError(number, NO_JSON_SENTENCE) from error
    return details


def _write_line(key: str, value: object) -> str:
    is_plain = _is_plain(key) and key and ":" not in key and not key.startswith('"')
    written_key = key if is_plain else json.dumps(key, ensure_ascii=True)
    written = write_value(value)
    if written.startswith(JSON_MARK):
        # Line breaks that JSON leaves in texts would end the line here.
        return f"{written_key} {JSON_MARK} {json.dumps(value, ensure_ascii=True)}"
    return f"{written_key}: {written}"


def _split(line: str, number: int) -> tuple[str, str]:
    """Part a line into its key and what follows the colon; the mark of JSON stays with the rest."""
    if line.startswith('"'):
        try:
            key, end = json.JSONDecoder().raw_decode(line)
        except ValueError as error:
            raise DetailError(number, NO_VALUE_SENTENCE) from error
        colon = line[end:].lstrip()
    else:
        bare, mark, after = line.partition(":")
        key, colon = bare.strip(), (mark + after if bare.strip() else "")
    if not colon.startswith(":"):
        raise DetailError(number, NO_VALUE_SENTENCE)
    return key, colon if colon.startswith(JSON_MARK) else colon[1:]


def _is_plain(text: str) -> bool:
    """Tell whether a text stands for itself in a line: no break, no blanks at its ends, no mark."""
    return (
        text == text.strip() and len(text.splitlines()) <= 1 and not text.startswith(JSON_MARK)
        and not text.startswith("=")
    )  # fmt: skip


def _refuse(constant: str) -> object:
    raise ValueError(constant)
