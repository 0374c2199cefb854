"""What all inputs have in common: strict models, and every error by its path in a sentence of ours.

Each kind of input has a module with its models (`schema`, `configuration_schema`); this one turns
what pydantic says of them into our words.
"""

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from orders.rules.errors import FieldError
from orders.rules.json_values import compact_size, find_unstorable, join_path
from orders.rules.texts import Figure, Text, mark

UNKNOWN_FIELD = mark("Unknown field.")
READ_ONLY = mark("Set by the service; leave it out.")
TEXT, TEXT_OR_NULL = mark("Text."), mark("Text or null.")
NOT_VALID = mark("This is not valid here.")

_SENTENCES = {
    "missing": mark("This is required."),
    "dict_type": mark("An object."),
    "model_type": mark("An object."),
    "model_attributes_type": mark("An object."),
    "list_type": mark("An array."),
}


class StrictInput(BaseModel):
    """Strict: no text is taken for a number, no unknown field is dropped."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of input says of its own fields.

    `nullable` and `read_only` are paths; `own_rules` are the types of the errors that its own
    checks raise, whose sentences stand as they are.
    """

    nullable: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    own_rules: frozenset[str] = frozenset()


def checked(
    model: type[M], sent: dict[Any, Any], told: dict[str, FieldError], words: Words
) -> M | None:
    """Give what the model reads, or None after adding what it refuses to `told`, by path."""
    try:
        return model.model_validate(sent)
    except ValidationError as invalid:
        for details in invalid.errors(include_url=False):
            # Broken characters are all told by path before; the models name their container only.
            if details["type"] == "string_unicode" and told:
                continue
            error = _told(details, words)
            # A rule with a sentence of its own says more than "at most 64 bits" does.
            if error.path not in told or details["type"] in words.own_rules:
                told[error.path] = error
    return None


def is_name(key: object) -> bool:
    """Tell whether a key can be shown to a model; what is wrong with it is told elsewhere."""
    return isinstance(key, str) and not find_unstorable(key, nesting=0)


def too_large(fields: Iterable[tuple[str, object]], limit: int) -> Iterator[FieldError]:
    """Find the values, by their paths, that are larger than `limit` bytes of compact JSON."""
    for path, value in fields:
        size = compact_size(value) if value else 0
        if size > limit:
            sentence = mark(
                "At most %(most)s bytes of JSON; this has %(count)s.",
                most=Figure(limit), count=Figure(size),
            )  # fmt: skip
            yield FieldError(path, sentence)


def too_long(most: int, text: str) -> Text:
    """Say that a text is longer than `most` characters."""
    return mark(
        "At most %(most)s characters; this has %(count)s.",
        most=Figure(most), count=Figure(len(text)),
    )  # fmt: skip


def _told(details: ErrorDetails, words: Words) -> FieldError:
    """Translate one of pydantic's errors into our words."""
    path = functools.reduce(join_path, details["loc"], "")
    message: str
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        is_read_only = path in words.read_only
        message = READ_ONLY if is_read_only else UNKNOWN_FIELD
    elif kind == "string_too_long":
        message = too_long(details["ctx"]["max_length"], value)
    elif kind in {"string_type", "string_unicode"}:
        message = TEXT_OR_NULL if path in words.nullable else TEXT
    elif kind in words.own_rules:
        message = details["ctx"]["sentence"]  # as `fields.refusal` was given it
    else:
        message = _SENTENCES.get(kind, NOT_VALID)
    return FieldError(path, message)
