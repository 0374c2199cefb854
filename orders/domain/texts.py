"""Text that people read in their own language.

Domain and services know no languages: they create English text with its template and values
(`lazy_gettext`). Pages translate it (orders/interfaces/http/i18n.py); the API sends the English.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


class Text(str):
    """English text that remembers its template and values, so that it can be translated later.

    `template` has `%(name)s` for each of its `values`. `many` is the template for a `number` other
    than one, or None if the text counts nothing. A value that is a Text is translated, too, and a
    Figure, a WrittenDay or an amount of Money is written as the language writes it.
    """

    __slots__ = ("many", "number", "template", "values")

    template: str
    many: str | None
    number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a text, formatted for the language: 1,000 in English and 1.000 in German."""

    number: float

    def __str__(self) -> str:
        return f"{self.number:,}"


@dataclass(frozen=True, slots=True)
class WrittenDay:
    """A day in a text, written as the language writes dates: 18 Jan 2027 or 18.01.2027."""

    day: date

    def __str__(self) -> str:
        return self.day.isoformat()


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in a text, written as the language writes money: €12.50 or 12,50 €.

    `amount` is a decimal number as text, and `currency` a code of ISO 4217.
    """

    amount: str
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


def lazy_gettext(template: str, /, **values: object) -> Text:
    """Return translatable text: the English `template`, with `values` in place of `%(name)s`."""
    text = Text(template % values if values else template)
    text.template, text.many, text.number, text.values = template, None, 0, values
    return text


def lazy_ngettext(one: str, many: str, number: int, /, **values: object) -> Text:
    """Return translatable text: the template `one` if `number` is 1, else the template `many`.

    In both templates, `%(num)s` is replaced by `number`.
    """
    text = Text((one if number == 1 else many) % {"num": number, **values})
    text.template, text.many, text.number, text.values = one, many, number, values
    return text


def joined(texts: Iterable[str]) -> str:
    """Return the sentences joined with spaces, as translatable text; `""` if there are none."""
    return functools.reduce(_and_then, texts, "")


def _and_then(first: str, then: str) -> str:
    return lazy_gettext("%(first)s %(then)s", first=first, then=then) if first else then


def pack(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return text as a JSON value for `unpack`.

    That is an object with the template and its values, or a plain string if there are no values and
    no `many`.
    """
    if not isinstance(text, Text) or (not text.values and text.many is None):
        return str(text)
    values = {name: _pack_value(value) for name, value in text.values.items()}
    packed: dict[str, Any] = {"text": text.template, "values": values}
    return packed if text.many is None else packed | {"many": text.many, "number": text.number}


def _pack_value(value: object) -> object:
    if isinstance(value, Figure):
        return {"figure": value.number}
    if isinstance(value, WrittenDay | Money):
        return str(value)
    if isinstance(value, Text):
        packed = pack(value)
        # A plain text among the values comes from a user, and is never translated.
        return packed if isinstance(packed, dict) else {"text": packed, "values": {}}
    return value


def unpack(stored: Any) -> Text:  # noqa: ANN401 - JSON
    """Return the translatable text for a JSON value that `pack` returned."""
    if isinstance(stored, str):
        return lazy_gettext(stored)
    values = {name: _unpack_value(value) for name, value in stored["values"].items()}
    template, many = stored["text"], stored.get("many")
    if many is not None:
        return lazy_ngettext(template, many, stored["number"], **values)
    return lazy_gettext(template, **values)


def _unpack_value(value: Any) -> object:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        return value
    return Figure(value["figure"]) if "figure" in value else unpack(value)


_PACKED = '{"text": '


def pack_line(text: str) -> str:
    """Return text as one string for a database column: the JSON from `pack`, or plain text."""
    packed = pack(text)
    return packed if isinstance(packed, str) else json.dumps(packed, ensure_ascii=False)


def unpack_line(stored: str) -> Text:
    """Return the translatable text in a column, which `pack_line` wrote or which is plain text."""
    return unpack(json.loads(stored) if stored.startswith(_PACKED) else stored)
