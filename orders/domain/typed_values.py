"""Values as people type them: in form fields, in cells of files, and in lines of metadata.

Text that is not a valid value of its kind stays text, which validation rejects later. Metadata is
typed as one value per line, `key: text`; a value that is not text is JSON after `:=`. So the value
in `width := 120` is a number. Text that would be misread is also written as JSON.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from orders.domain.attributes import TEXT_KINDS, AttributeRule, Kind
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext
from orders.domain.value_formats import is_money, read_date, read_money, read_week

_SEPARATORS = re.compile(r"[,;\n]")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}")
_YES = frozenset({"yes", "y", "true", "1", "x", "ja", "j", "wahr"})
_NO = frozenset({"no", "n", "false", "0", "nein", "falsch"})
_STATUS_WORDS = {
    "liste": Status.LIST,
    "merkliste": Status.LIST,
    "im warenkorb": Status.IN_CART,
    "warenkorb": Status.IN_CART,
    "neu": Status.NEW,
    "in bearbeitung": Status.IN_PROGRESS,
    "in arbeit": Status.IN_PROGRESS,
    "fertig": Status.COMPLETE,
    "abgeschlossen": Status.COMPLETE,
    "erledigt": Status.COMPLETE,
}


def whole_number(text: str, *, most: int = 999_999_999) -> int | None:
    """Return the whole number from 0 to `most` that a text of ASCII digits contains.

    The text is, for example, a query parameter. None for any other text, including one with a sign
    or spaces.
    """
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return int(text) if is_number and int(text) <= most else None


def read_whole(text: str) -> int | str:
    """Return a whole number of up to 18 digits as an int; other text ("1.000") is unchanged."""
    bare = text.strip()
    return int(bare) if _WHOLE.fullmatch(bare) else text


def read_number(text: str, *, decimal_comma: bool = False) -> int | float | str:
    """Return text such as "1.5" or "-12" as a number; any other text is returned unchanged.

    "1,5" is a number only if `decimal_comma` is true; "1,000.5" never is.
    """
    bare = text.strip()
    if decimal_comma and bare.count(",") == 1 and "." not in bare:
        bare = bare.replace(",", ".")
    return float(bare) if _DECIMAL.fullmatch(bare) else read_whole(text)


def read_status_word(text: str) -> str:
    """Return the API name of a status that was typed in English or German.

    Uppercase and lowercase letters count as equal. Any other text is returned unchanged.
    """
    word = " ".join(text.casefold().split())
    known = {str(status).casefold(): status for status in Status} | _STATUS_WORDS
    return str(known.get(word, text))


def read_attribute(rule: AttributeRule, text: str, *, decimal_comma: bool = False) -> Any:  # noqa: ANN401 - a JSON value
    """Return typed text as a value of the attribute's kind.

    An option is found by its value or label, and a boolean by words such as "yes". Options of the
    kind MANY are separated by commas or semicolons. Days, weeks and amounts of money are read as
    people write them (`value_formats`). "null" is None unless the kind has texts as values. Text
    that does not fit the kind is returned unchanged, for validation to reject.
    """
    if rule.kind not in TEXT_KINDS and text == "null":  # as an export writes it
        return None
    if rule.kind is Kind.NUMBER:
        return read_number(text, decimal_comma=decimal_comma)
    if rule.kind is Kind.MONEY:
        return _json_or(text, dict) or read_money(text, decimal_comma=decimal_comma)
    return _READERS.get(rule.kind, _unchanged)(rule, text)


def _unchanged(_rule: AttributeRule, text: str) -> str:
    return text


def _read_boolean(_rule: AttributeRule, text: str) -> bool | str:
    word = text.casefold()
    return True if word in _YES else False if word in _NO else text


def _read_option(rule: AttributeRule, text: str) -> str:
    if any(text == option.value for option in rule.options):
        return text
    word = text.casefold()
    alike = {
        option.value
        for option in rule.options
        for name in (option.value, option.label, *option.labels.values())
        if word == name.casefold()
    }
    return alike.pop() if len(alike) == 1 else text


def _read_many(rule: AttributeRule, text: str) -> list[Any]:
    """Return the values of the options that a text names; unknown names are returned unchanged."""
    written = _json_or(text, list)
    if isinstance(written, list):
        return written
    values = {option.value for option in rule.options}
    if (whole := _read_option(rule, text.strip())) in values:
        return [whole]
    parts = (part.strip() for part in _SEPARATORS.split(text))
    return [_read_option(rule, part) for part in parts if part]


_READERS: dict[Kind, Callable[[AttributeRule, str], Any]] = {
    Kind.OPTION: _read_option,
    Kind.MANY: _read_many,
    Kind.BOOLEAN: _read_boolean,
    Kind.DATE: lambda _, text: read_date(text),
    Kind.WEEK: lambda _, text: read_week(text),
    **dict.fromkeys((Kind.EMAIL, Kind.PHONE, Kind.URL), lambda _, text: text.strip()),
}


def _json_or(text: str, kind: type[Any]) -> Any:  # noqa: ANN401 - a JSON value
    """Return the JSON object or array in a cell, if it is of this type, else None."""
    if not text.startswith(("{", "[")):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, kind) else None


def write_attribute(rule: AttributeRule, value: object) -> str | None:
    """Return an amount of money or the values of MANY as text that `read_attribute` reads back.

    The text is, for example, "12.50 EUR" or "red, blue". Returns None for other kinds, and for a
    value whose text would be read as another one.
    """
    text = None
    if rule.kind is Kind.MONEY and is_money(value):
        text = "{amount} {currency}".format(**dict(value))  # type: ignore[call-overload]  # `is_money` says what it is
    elif rule.kind is Kind.MANY and isinstance(value, list):
        text = ", ".join(map(str, value))
    if not text:
        return None
    read = (read_attribute(rule, text, decimal_comma=comma) for comma in (False, True))
    return text if all(one == value for one in read) else None


JSON_MARK = ":="
NO_VALUE_SENTENCE = lazy_gettext("Enter each line as “key: value”.")
NO_JSON_SENTENCE = lazy_gettext(
    "After “:=”, enter JSON: a number, true, false, null, or an object."
)


class DetailError(ValueError):
    """A line of metadata cannot be read; `line` is its number from 1, and `message` says why."""

    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message
        super().__init__(message)


def write_value(value: object) -> str:
    """Return a metadata value as one line of text that `read_value` converts back."""
    if isinstance(value, str) and _is_plain(value):
        return value
    return f"{JSON_MARK} {json.dumps(value, ensure_ascii=False)}"


def read_value(text: str) -> Any:  # noqa: ANN401 - a JSON value
    """Return the value of typed text: the JSON after a leading `:=`, or else the text itself.

    Raises ValueError if what follows `:=` is not JSON.
    """
    marked = text.strip()
    if not marked.startswith(JSON_MARK):
        return text
    try:
        return json.loads(marked.removeprefix(JSON_MARK), parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError(NO_JSON_SENTENCE) from error


def write_details(details: Mapping[str, object] | None) -> str:
    return "\n".join(_write_line(key, value) for key, value in (details or {}).items())


def read_details(text: str) -> list[tuple[str, Any]]:
    """Return the (key, value) pairs in lines such as `key: text`; blank lines are ignored.

    A key that is repeated is returned each time. Raises DetailError for the first invalid line.
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
    """Return the key and the value of a line of metadata; the value keeps a `:=` before it.

    Raises DetailError with `number`, the number of the line, if the line is invalid.
    """
    if line.startswith('"'):
        try:
            key, end = json.JSONDecoder().raw_decode(line)
        except ValueError as error:
            raise DetailError(number, NO_VALUE_SENTENCE) from error
        colon = line[end:].lstrip()
    else:
        key = line.partition(":")[0].strip()
        colon = line[line.find(":") :] if key and ":" in line else ""
    if not colon.startswith(":"):
        raise DetailError(number, NO_VALUE_SENTENCE)
    return key, colon if colon.startswith(JSON_MARK) else colon[1:]


def _is_plain(text: str) -> bool:
    """Return whether a text value can be written as `key: text` and is read back unchanged.

    Any other value is written as JSON, `key := value`. The text must be one line without spaces at
    its ends, and must not begin with `:=` or `=`.
    """
    is_one_line = text == text.strip() and len(text.splitlines()) <= 1
    return is_one_line and not text.startswith((JSON_MARK, "="))


def _refuse(constant: str) -> object:
    raise ValueError(constant)
