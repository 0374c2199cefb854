"""What all inputs have in common: strict models, limits, and errors with paths.

The models are in the modules `schema`, `changes`, `configuration` and `webhook`; this module turns
pydantic's errors into our messages.
"""

import functools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from orders.domain.errors import FieldError
from orders.domain.json_values import compact_size, find_unstorable, join_path, nesting_sentence
from orders.domain.texts import Figure, Text, lazy_gettext

UNKNOWN_FIELD = lazy_gettext("Unknown field.")
READ_ONLY = lazy_gettext("Set by the service; leave it out.")
TEXT, TEXT_OR_NULL = lazy_gettext("Text."), lazy_gettext("Text or null.")
# The type of the errors that our own functions raise in models; their sentences are shown.
OWN_RULE: Final = "own_rule"

_SENTENCES = {
    "missing": lazy_gettext("This is required."),
    "dict_type": lazy_gettext("An object."),
    "model_type": lazy_gettext("An object."),
    "model_attributes_type": lazy_gettext("An object."),
    "list_type": lazy_gettext("An array."),
}


# Content types of the files that a configuration may have.
FILE_TYPES = frozenset({
    "image/png", "image/jpeg", "image/webp", "image/gif", "image/svg+xml",
    "application/pdf", "application/json", "application/zip", "text/plain", "text/csv",
    "model/gltf-binary", "model/gltf+json", "model/vnd.usdz+zip",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper limits of inputs, with their defaults; JSON is measured in bytes of compact UTF-8."""

    cart_lines: int = 1_000
    items: int = 1_000
    # Of `metadata`, `derivative`, `platform` and each line's `metadata`.
    metadata_bytes: int = 65_536
    # Levels of objects and arrays in one field.
    nesting: int = 16
    body_bytes: int = 1_048_576
    # Of `sceneGraphState`, which configurators fill with whole scenes.
    scene_bytes: int = 524_288
    # Files of one configuration, each of them, and the body that brings them.
    files: int = 20
    file_bytes: int = 10_485_760
    upload_bytes: int = 26_214_400
    file_types: frozenset[str] = FILE_TYPES
    # Configurations of one import.
    import_rows: int = 2_000
    # Rows of a file of orders.
    order_rows: int = 20_000
    # Configurations of one org, and bytes of all of their files; 0 means any number.
    org_configurations: int = 500_000
    org_file_bytes: int = 10_737_418_240


class StrictInput(BaseModel):
    """Base of the models of request bodies: unknown fields are errors, and no type is converted."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


M = TypeVar("M", bound=BaseModel)


def with_fields(types: dict[str, Any]) -> Callable[[type[M]], type[M]]:
    """Return a class decorator that adds fields to a model.

    `types` maps field names to types, as `pydantic.create_model` takes them.
    """

    def added(model: type[M]) -> type[M]:
        made: type[M] = create_model(
            model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__,
            **types,
        )  # fmt: skip
        return made

    return added


@dataclass(frozen=True, slots=True)
class MessageRules:
    """What error messages need to know about one kind of JSON document.

    `not_an_object` is the message for a document that is not a JSON object. `nullable` has the
    paths of fields that may be null, and `read_only` those of fields that only the service sets.
    """

    not_an_object: str
    nullable: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Inspection(Generic[M]):
    """The result of `inspect`.

    `parsed` is the document as a model, or None if it is invalid. `sent` has the fields that were
    passed to the model. `errors` maps paths to errors. `is_unreadable` is true if the document is
    not an object or is nested too deeply, so that nothing more can be checked.
    """

    parsed: M | None
    sent: dict[str, Any]
    errors: dict[str, FieldError]
    is_unreadable: bool = False

    def add(self, errors: Iterable[FieldError]) -> None:
        """Store these errors in `self.errors`, except those whose path already has an error."""
        for error in errors:
            self.errors.setdefault(error.path, error)


def inspect(
    raw: object,
    model: type[M],
    words: MessageRules,
    *,
    limits: Limits,
    refused: Collection[FieldError] = (),
    ignored: Collection[str] = (),
) -> Inspection[M]:
    """Check a parsed JSON document against a model, and whether the databases can store its values.

    `raw` is the output of a JSON parser; `words` determines the messages. `refused` are errors that
    the caller has already found in top-level fields; these fields, and those named in `ignored`,
    are not passed to the model. A document nested too deeply is not checked further. Invalid input
    raises nothing: all errors are in the result.
    """
    if not isinstance(raw, dict):
        return Inspection(None, {}, {"": FieldError("", words.not_an_object)}, is_unreadable=True)
    unstorable = find_unstorable(raw, nesting=limits.nesting)
    errors: dict[str, FieldError] = {}
    for error in unstorable:
        errors.setdefault(error.path, error)
    if any(error.message == nesting_sentence(limits.nesting) for error in unstorable):
        return Inspection(None, {}, errors, is_unreadable=True)
    errors |= {error.path: error for error in refused}
    sent: dict[str, Any] = raw
    if errors or ignored:
        left_out = {*(error.path for error in refused), *ignored}
        sent = {key: raw[key] for key in raw if key not in left_out and is_name(key)}
    return Inspection(checked(model, sent, errors, words), sent, errors)


def checked(
    model: type[M], sent: dict[Any, Any], errors: dict[str, FieldError], words: MessageRules
) -> M | None:
    """Return the model made from the fields `sent`, or None if they are invalid.

    Errors are added to `errors` by path. An error that is already there is kept, unless one of our
    own rules (OWN_RULE) fails at the same path. `words` determines the messages.
    """
    try:
        return model.model_validate(sent)
    except ValidationError as invalid:
        for details in invalid.errors(include_url=False):
            # Broken characters have errors by path already; pydantic names their container only.
            if details["type"] == "string_unicode" and errors:
                continue
            error = _error_of(details, words)
            # The message of an own rule says more than "at most 64 bits".
            if error.path not in errors or details["type"] == OWN_RULE:
                errors[error.path] = error
    return None


def is_name(key: object) -> bool:
    """Return whether a JSON key is a string that can be stored: no NUL and no lone surrogate."""
    return isinstance(key, str) and not find_unstorable(key, nesting=0)


def too_large(fields: Iterable[tuple[str, object]], limit: int) -> Iterator[FieldError]:
    """Yield an error for each (path, value) whose value exceeds `limit` bytes of compact JSON."""
    for path, value in fields:
        size = compact_size(value) if value else 0
        if size > limit:
            sentence = lazy_gettext(
                "At most %(most)s bytes of JSON; this has %(count)s.",
                most=Figure(limit), count=Figure(size),
            )  # fmt: skip
            yield FieldError(path, sentence)


def too_long(most: int, text: str) -> Text:
    return lazy_gettext(
        "At most %(most)s characters; this has %(count)s.",
        most=Figure(most), count=Figure(len(text)),
    )  # fmt: skip


def _error_of(details: ErrorDetails, words: MessageRules) -> FieldError:
    path = functools.reduce(join_path, details["loc"], "")
    message: str
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        message = READ_ONLY if path in words.read_only else UNKNOWN_FIELD
    elif kind == "string_too_long":
        message = too_long(details["ctx"]["max_length"], value)
    elif kind in {"string_type", "string_unicode"}:
        message = TEXT_OR_NULL if path in words.nullable else TEXT
    elif kind == OWN_RULE:
        message = details["ctx"]["sentence"]  # as `fields.refusal` was given it
    else:
        message = _SENTENCES.get(kind, lazy_gettext("This is not valid here."))
    return FieldError(path, message)
