"""Attributes: the keys that an org defines for its orders, each with its valid values."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from orders.domain import value_formats
from orders.domain.errors import FieldError
from orders.domain.json_values import join_path, printable
from orders.domain.texts import Money, WrittenDay, lazy_gettext

MAX_KEY = 255  # characters, of a key, a label, a hint and a placeholder
MAX_GROUP = 80  # characters of a heading on the form
OPTIONS_IN_MESSAGE = 10
VALUE_IN_MESSAGE = 60  # characters of the refused value
YES, NO = lazy_gettext("Yes"), lazy_gettext("No")

# float includes int; a dict is an amount of money, and a list has values of MANY.
AttributeValue = str | float | bool | dict[str, str] | list[str] | None


class Kind(StrEnum):
    """The type of an attribute's values.

    OPTION is one value of a fixed list, and MANY any number of them. The docstrings of
    `value_formats` describe DATE, WEEK, MONEY, EMAIL, PHONE and URL.
    """

    OPTION = "option"
    MANY = "many"
    TEXT = "text"
    MULTILINE = "multiline"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    WEEK = "week"
    EMAIL = "email"
    PHONE = "phone"
    URL = "url"


# Kinds whose definition lists options. Those of MONEY are codes of currencies, and may be left out.
WITH_OPTIONS = frozenset({Kind.OPTION, Kind.MANY, Kind.MONEY})
# Kinds whose values are texts and nothing else.
TEXT_KINDS = frozenset(Kind) - {Kind.MANY, Kind.NUMBER, Kind.MONEY, Kind.BOOLEAN}
# Kinds whose values are days or weeks, and kinds whose values can be added up.
DATED = frozenset({Kind.DATE, Kind.WEEK})
SUMMABLE = frozenset({Kind.NUMBER, Kind.MONEY})


class Applies(StrEnum):
    """Which JSON objects of an order may contain an attribute's key.

    With BOTH, these are metadata, derivative, or both of them. With LINE, it is the metadata of
    each line of the cart.
    """

    METADATA = "metadata"
    DERIVATIVE = "derivative"
    BOTH = "both"
    LINE = "line"


LINE_AREA = "cart.metadata"
AREAS = (str(Applies.METADATA), str(Applies.DERIVATIVE))


class Total(StrEnum):
    """How the values of an attribute of lines are added up for the whole order.

    With QUANTITY, each value counts once for each item of its line; with PLAIN, once for the line.
    """

    NONE = ""
    QUANTITY = "quantity"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Option:
    """A valid value of an attribute with options, and the label that people see for it.

    `labels` has the labels in other languages, by code (`de`).
    """

    value: str
    label: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """The definition of an attribute: a key that an org uses in its orders, and its valid values.

    `options` is empty unless `kind` is one of WITH_OPTIONS. `default` is the value that an order
    without the key gets; if it is None, nothing is added to the order. `labels` has the labels in
    other languages, by code (`de`). `hint` and `placeholder` are short texts at the field of the
    order form, and `group` is the heading above it; each may be empty. If `is_copied` is
    false, an order that is copied from another one does not get its value. If `is_due` is true,
    the value is the day or the week after which an order is overdue. `total` is for attributes of
    lines.
    """

    key: str
    label: str
    kind: Kind
    options: tuple[Option, ...] = ()
    applies: Applies = Applies.METADATA
    required: bool = False
    default: AttributeValue = None
    visible_to_customer: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    placeholder: str = ""
    group: str = ""
    is_copied: bool = True
    is_due: bool = False
    total: Total = Total.NONE

    def in_language(self, code: str) -> "AttributeRule":
        """Return a copy whose labels are those in the language, where it has any."""
        options = tuple(
            replace(option, label=option.labels.get(code, option.label)) for option in self.options
        )
        return replace(self, label=self.labels.get(code, self.label), options=options)

    @property
    def names(self) -> tuple[str, ...]:
        """The key, the label, and the labels in other languages."""
        return (self.key, self.label, *self.labels.values())

    @property
    def areas(self) -> tuple[str, ...]:
        """The objects of an order that may have the key: "metadata", "derivative" or both.

        For an attribute of lines, it is "cart.metadata", as files name the metadata of a line.
        """
        if self.applies is Applies.LINE:
            return (LINE_AREA,)
        return AREAS if self.applies is Applies.BOTH else (str(self.applies),)

    @property
    def path(self) -> str:
        """The path of the value in an order, which is also the name of its form field.

        That is `metadata.<key>` or `derivative.<key>`; the former if the key may be in both
        objects. For an attribute of lines it is `cart.metadata.<key>`, the name of its column.
        """
        return f"{self.areas[0]}.{self.key}"


@dataclass(frozen=True, slots=True)
class AttributeResult:
    """The result of `apply_attributes`: metadata and derivative with defaults, and all errors."""

    metadata: dict[str, Any]
    derivative: dict[str, Any]
    errors: tuple[FieldError, ...]


def apply_attributes(
    metadata: Mapping[str, Any],
    derivative: Mapping[str, Any],
    rules: Sequence[AttributeRule],
    *,
    strict: bool,
) -> AttributeResult:
    """Check an order's metadata and derivative against its org's attributes; fill in defaults.

    The result has changed copies of both objects; the arguments stay unchanged. Null means "no
    value" and is an error only for a required attribute. A required attribute that applies to both
    objects may be in either; if it is missing, the path of the error is `metadata.<key>`. Keys that
    no attribute defines are kept, but each of them is an error if `strict` is true.
    """
    areas = {"metadata": dict(metadata), "derivative": dict(derivative)}
    errors: list[FieldError] = []
    for rule in rules:
        if rule.applies is not Applies.LINE:  # those are in line_attributes.py
            errors += _apply(rule, areas)
    if strict:
        for area, values in areas.items():
            defined = {rule.key for rule in rules if area in rule.areas}
            errors += [
                FieldError(join_path(area, key), lazy_gettext("Unknown attribute."))
                for key in values
                if key not in defined
            ]
    return AttributeResult(**areas, errors=tuple(errors))


def _apply(rule: AttributeRule, areas: dict[str, dict[str, Any]]) -> list[FieldError]:
    """Return the errors of one attribute; if the key was left out, add the default to `areas`.

    `areas` maps "metadata" and "derivative" to these objects of the order.
    """
    sent = [area for area in rule.areas if rule.key in areas[area]]
    if not sent and rule.default is not None:
        areas[rule.areas[0]][rule.key] = rule.default
        return []
    faults = {}
    for area in sent:
        value = areas[area][rule.key]
        if value is not None and (message := value_fault(rule, value)):
            faults[join_path(area, rule.key)] = message
    if rule.required and not any(has_value(areas[area][rule.key]) for area in sent):
        # A blank text for an option is both invalid and missing: one error is enough.
        faults[join_path(rule.areas[0], rule.key)] = lazy_gettext("This is required.")
    return [FieldError(path, message) for path, message in faults.items()]


def has_value(value: object) -> bool:
    """Return whether a value is more than null, a blank text, or an empty list."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != []


def value_fault(rule: AttributeRule, value: object) -> str | None:
    """Return the error message if a value is invalid for the attribute, else None.

    `value` must not be None.
    """
    return _FAULTS[rule.kind](rule, value)


def _option_fault(options: Sequence[Option], value: object) -> str | None:
    """Return None if the value exactly equals an option's value, else the error message."""
    if isinstance(value, str) and any(value == option.value for option in options):
        return None
    listed = ", ".join(option.value for option in options[:OPTIONS_IN_MESSAGE])
    is_cut = len(options) > OPTIONS_IN_MESSAGE
    if not isinstance(value, str):
        if is_cut:
            return lazy_gettext("One of: %(options)s, …", options=listed)
        return lazy_gettext("One of: %(options)s.", options=listed)
    shown = printable(value if len(value) <= VALUE_IN_MESSAGE else f"{value[:VALUE_IN_MESSAGE]}…")
    if is_cut:
        return lazy_gettext(
            "“%(value)s” is not one of: %(options)s, …", value=shown, options=listed
        )
    return lazy_gettext("“%(value)s” is not one of: %(options)s.", value=shown, options=listed)


def _many_fault(options: Sequence[Option], value: object) -> str | None:
    """Return None if the value is a list of options' values without repeats, else the message."""
    if not isinstance(value, list):
        listed = ", ".join(option.value for option in options[:OPTIONS_IN_MESSAGE])
        return lazy_gettext("A list with some of: %(options)s.", options=listed)
    for one in value:
        if fault := _option_fault(options, one):
            return fault
    return None if len(set(value)) == len(value) else lazy_gettext("Use each value only once.")


def _text_fault(value: object) -> str | None:
    return None if isinstance(value, str) else lazy_gettext("Text.")


def _number_fault(value: object) -> str | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return None if is_number else lazy_gettext("A number, such as 2 or 1.5.")


def _boolean_fault(value: object) -> str | None:
    return None if isinstance(value, bool) else lazy_gettext("True or false.")


_FAULTS: dict[Kind, Callable[[AttributeRule, object], str | None]] = {
    Kind.OPTION: lambda rule, value: _option_fault(rule.options, value),
    Kind.MANY: lambda rule, value: _many_fault(rule.options, value),
    Kind.TEXT: lambda _, value: _text_fault(value),
    Kind.MULTILINE: lambda _, value: _text_fault(value),
    Kind.NUMBER: lambda _, value: _number_fault(value),
    Kind.MONEY: lambda rule, value: value_formats.money_fault(
        value, [option.value for option in rule.options]
    ),
    Kind.BOOLEAN: lambda _, value: _boolean_fault(value),
    Kind.DATE: lambda _, value: value_formats.date_fault(value),
    Kind.WEEK: lambda _, value: value_formats.week_fault(value),
    Kind.EMAIL: lambda _, value: value_formats.email_fault(value),
    Kind.PHONE: lambda _, value: value_formats.phone_fault(value),
    Kind.URL: lambda _, value: value_formats.url_fault(value),
}


def display(rule: AttributeRule, value: object) -> str:
    """Return a value as text for people, which interfaces translate.

    That is the label of an option, Yes or No for a boolean, and days, weeks, and amounts of money
    in the form of the language. A value that is not of the kind is shown as it is.
    """
    if isinstance(value, bool):
        return YES if value else NO
    if rule.kind in _FORMATS and value_fault(replace(rule, options=()), value) is None:
        return _FORMATS[rule.kind](value)
    if isinstance(value, list) and rule.kind is Kind.MANY:
        return ", ".join(str(option_label(rule, one)) for one in value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(option_label(rule, value))


def _display_week(value: Any) -> str:  # noqa: ANN401 - a valid week
    year, _, week = value.partition("-W")
    return lazy_gettext("Week %(week)s, %(year)s", week=int(week), year=year)


_FORMATS: dict[Kind, Callable[[Any], str]] = {
    Kind.DATE: lambda value: lazy_gettext("%(value)s", value=WrittenDay(date.fromisoformat(value))),
    Kind.WEEK: _display_week,
    Kind.MONEY: lambda value: lazy_gettext("%(value)s", value=Money(**value)),
}


def option_label(rule: AttributeRule, value: object) -> object:
    """Return the label of the option with this value; `value` itself if there is no such option."""
    labels = {option.value: option.label for option in rule.options}
    return labels.get(value, value) if isinstance(value, str) else value


def read_option(text: str) -> Option:
    """Parse an option typed as `value=Label`; if the label is missing, the value is the label."""
    value, _, label = text.partition("=")
    return Option(value.strip(), label.strip() or value.strip())


def write_option(option: Option) -> str:
    """Return an option as `value=Label`, or just the value if the label is the same."""
    return option.value if option.label == option.value else f"{option.value}={option.label}"
