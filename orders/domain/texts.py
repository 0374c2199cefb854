"""Texts that people read in their own language.

Domain and services know no languages: they mark an English text, with its values. Pages translate
it (orders/interfaces/http/i18n.py), the API sends the English.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


class Text(str):
    """A text in English that remembers its template and values, so that it can be translated later.

    `template` has `%(name)s` for each of its `values`. `many` is the template for a `number` other
    than one; it is None for a text that counts nothing. A value that is a Text is translated, too,
    and a Figure is written as the language writes numbers.
    """

    __slots__ = ("many", "number", "template", "values")

    template: str
    many: str | None
    number: int
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number in a text, formatted by language: 1,000 in English and 1.000 in German."""

    number: float

    def __str__(self) -> str:
        return f"{self.number:,}"


def lazy_gettext(template: str, /, **values: object) -> Text:
    """Return a translatable text: `template` in English, with `values` in place of `%(name)s`."""
    text = Text(template % values if values else template)
    text.template, text.many, text.number, text.values = template, None, 0, values
    return text


def lazy_ngettext(one: str, many: str, number: int, /, **values: object) -> Text:
    """Return a translatable text: the template `one` if `number` (`%(num)s`) is 1, else `many`."""
    text = Text((one if number == 1 else many) % {"num": number, **values})
    text.template, text.many, text.number, text.values = one, many, number, values
    return text


def joined(texts: Iterable[str]) -> str:
    """Return the sentences joined with blanks, as a translatable text; `""` for none."""
    return functools.reduce(_and_then, texts, "")


def _and_then(first: str, then: str) -> str:
    return lazy_gettext("%(first)s %(then)s", first=first, then=then) if first else then


def pack(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a text as JSON for `unpack`: an object with template and values, or a plain string."""
    if not isinstance(text, Text) or (not text.values and text.many is None):
        return str(text)
    values = {name: _pack_value(value) for name, value in text.values.items()}
    packed: dict[str, Any] = {"text": text.template, "values": values}
    return packed if text.many is None else packed | {"many": text.many, "number": text.number}


def _pack_value(value: object) -> object:
    if isinstance(value, Figure):
        return {"figure": value.number}
    if isinstance(value, Text):
        packed = pack(value)
        # A plain text among the values comes from a user, and is never translated.
        return packed if isinstance(packed, dict) else {"text": packed, "values": {}}
    return value


def unpack(stored: Any) -> Text:  # noqa: ANN401 - JSON
    """Return the translatable text that `pack` returned as this JSON value."""
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
    """Return a text as one string for a database column: JSON as `pack` makes it, or plain text."""
    packed = pack(text)
    return packed if isinstance(packed, str) else json.dumps(packed, ensure_ascii=False)


def unpack_line(stored: str) -> Text:
    """Return the translatable text of a column, which `pack_line` wrote or which is plain text."""
    return unpack(json.loads(stored) if stored.startswith(_PACKED) else stored)
