"""Texts that people read in their own language.

Rules and services know no languages. They write a text in English and mark it, with its values
beside it; a door that speaks to people translates it (orders/web/language.py), and the JSON door
sends the English.
"""

from collections.abc import Mapping
from typing import Any


class Text(str):
    """A text in English that knows what it was made of.

    `template` has `%(name)s` for each of its `values`. `many` is the template for a `number` other
    than one; it is None for a text that counts nothing. A value that is a Text is translated, too.
    """

    __slots__ = ("many", "number", "template", "values")

    template: str
    many: str | None
    number: int
    values: Mapping[str, object]


def mark(template: str, /, **values: object) -> Text:
    """Make a text; `make translations` finds it by this name."""
    text = Text(template % values if values else template)
    text.template, text.many, text.number, text.values = template, None, 0, values
    return text


def mark_many(one: str, many: str, number: int, /, **values: object) -> Text:
    """Make a text that depends on a number, which is `%(num)s` in it."""
    text = Text((one if number == 1 else many) % {"num": number, **values})
    text.template, text.many, text.number, text.values = one, many, number, values
    return text


def pack(text: str) -> Any:  # noqa: ANN401 - JSON
    """Give a text as JSON that keeps what it was made of; a plain text stays one."""
    if not isinstance(text, Text) or not (text.values or text.many is not None):
        return str(text)
    values = {
        name: pack(value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    packed: dict[str, Any] = {"text": text.template, "values": values}
    return packed if text.many is None else packed | {"many": text.many, "number": text.number}


def unpack(stored: Any) -> Text:  # noqa: ANN401 - JSON
    """Give the text back that was packed."""
    if isinstance(stored, str):
        return mark(stored)
    values = {
        name: unpack(value) if isinstance(value, (dict, str)) else value
        for name, value in stored["values"].items()
    }
    template, many = stored["text"], stored.get("many")
    if many is not None:
        return mark_many(template, many, stored["number"], **values)
    return mark(template, **values)
