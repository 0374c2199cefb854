"""The form in which admins define an attribute."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from wtforms import BooleanField, Field, StringField, TextAreaField

from orders.domain.attributes import (
    Applies,
    AttributeRule,
    AttributeValue,
    Kind,
    Option,
    Total,
    read_option,
    write_option,
)
from orders.domain.errors import FieldError, InvalidInput
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import read_attribute, write_attribute, write_value
from orders.interfaces.desk import forms
from orders.interfaces.http.i18n import gettext, has_decimal_comma
from orders.services.accounts.attributes import DefinedAttribute
from orders.services.languages import languages

KINDS = {
    Kind.OPTION: lazy_gettext("List of options"),
    Kind.MANY: lazy_gettext("Options: several of a list"),
    Kind.TEXT: lazy_gettext("Text"),
    Kind.MULTILINE: lazy_gettext("Text of several lines"),
    Kind.NUMBER: lazy_gettext("Number"),
    Kind.MONEY: lazy_gettext("Amount of money"),
    Kind.BOOLEAN: lazy_gettext("Yes or no"),
    Kind.DATE: lazy_gettext("Date"),
    Kind.WEEK: lazy_gettext("Calendar week"),
    Kind.EMAIL: lazy_gettext("E-mail address"),
    Kind.PHONE: lazy_gettext("Phone number"),
    Kind.URL: lazy_gettext("Web address"),
}
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class AttributeForm(forms.VersionedForm):
    """A form that defines an attribute; `attribute_form` adds fields for labels by language."""

    key = StringField(lazy_gettext("Key"))
    label = StringField(lazy_gettext("Label"))
    kind = forms.MenuField(lazy_gettext("Type"), choices=KINDS)
    option = TextAreaField(lazy_gettext("Options"))
    applies = forms.MenuField(
        lazy_gettext("Stored in"),
        choices={
            Applies.METADATA: "metadata",
            Applies.DERIVATIVE: "derivative",
            Applies.BOTH: lazy_gettext("both"),
            Applies.LINE: lazy_gettext("each line of the cart"),
        },
    )
    required = BooleanField(lazy_gettext("Required for every order"))
    default = StringField(lazy_gettext("Default"))
    visible_to_customer = BooleanField(lazy_gettext("Visible to customers"))
    hint = StringField(lazy_gettext("Hint below the field"))
    placeholder = StringField(lazy_gettext("Example in the empty field"))
    group = StringField(lazy_gettext("Heading on the form"))
    is_left_out = BooleanField(lazy_gettext("Leave it empty in copies of an order"))
    is_due = BooleanField(lazy_gettext("Orders are overdue after this date"))
    total = forms.MenuField(
        lazy_gettext("Total of all lines"),
        choices={
            Total.NONE: lazy_gettext("None"),
            Total.QUANTITY: lazy_gettext("Sum of value times quantity"),
            Total.PLAIN: lazy_gettext("Sum of the values"),
        },
    )

    @property
    def in_languages(self) -> list[tuple[Field, Field]]:
        """The fields for the labels in each language: that of the attribute, those of options."""
        return [(self[f"label_{code}"], self[f"options_{code}"]) for code in languages()]

    def rule(self, stored: AttributeRule | None = None) -> AttributeRule:
        """Return the typed definition of the attribute, without checking it.

        An unknown `kind`, `applies` or `total` is replaced by the first member of its enumeration.
        `stored` is the definition that is edited: its labels in languages that the form does not
        offer are kept. Raises InvalidInput if a label is typed for a value that is no option.
        """
        rule = AttributeRule(
            key=(self.key.data or "").strip(),
            label=(self.label.data or "").strip(),
            kind=_one_of(Kind, self.kind.data),
            options=self._options(stored),
            applies=_one_of(Applies, self.applies.data),
            required=self.required.data,
            visible_to_customer=self.visible_to_customer.data,
            labels=_others(stored.labels if stored else {}) | self._labels(),
            hint=(self.hint.data or "").strip(),
            placeholder=(self.placeholder.data or "").strip(),
            group=(self.group.data or "").strip(),
            is_copied=not self.is_left_out.data,
            is_due=self.is_due.data,
            total=_one_of(Total, self.total.data),
        )
        return replace(rule, default=_read_default(rule, self.default.data))

    def _labels(self) -> dict[str, str]:
        typed = {code: (self[f"label_{code}"].data or "").strip() for code in languages()}
        return {code: label for code, label in typed.items() if label}

    def _options(self, stored: AttributeRule | None) -> tuple[Option, ...]:
        typed = [read_option(line) for line in forms.lines_of(self.option.data)]
        known = {option.value for option in typed}
        before = {option.value: option.labels for option in stored.options} if stored else {}
        labels = {value: _others(before.get(value)) for value in known}
        for code in languages():
            for line in forms.lines_of(self[f"options_{code}"].data):
                option = read_option(line)
                if option.value not in known:
                    sentence = lazy_gettext("“%(value)s” is no option.", value=option.value)
                    raise InvalidInput([FieldError(f"options.{code}", sentence)])
                labels[option.value][code] = option.label
        return tuple(replace(option, labels=labels[option.value]) for option in typed)


def _others(labels: Mapping[str, str] | None) -> dict[str, str]:
    """Return the labels in languages that the form does not offer."""
    return {code: label for code, label in (labels or {}).items() if code not in languages()}


def attribute_form() -> type[AttributeForm]:
    """Return AttributeForm with two more fields for each language that the pages have."""
    fields: dict[str, Field] = {}
    for code, language in languages().items():
        label = lazy_gettext("Label in %(language)s", language=language)
        options = lazy_gettext("Options in %(language)s", language=language)
        fields[f"label_{code}"] = StringField(label, name=f"labels.{code}")
        fields[f"options_{code}"] = TextAreaField(options, name=f"options.{code}")
    return type("AttributeFormInLanguages", (AttributeForm,), fields)


def values_of(attribute: DefinedAttribute) -> dict[str, Any]:
    """Return the definition of an attribute as the fields of its form show it."""
    rule = attribute.rule
    values: dict[str, Any] = {
        **asdict(rule),
        "option": "\n".join(write_option(option) for option in rule.options),
        "default": _default_text(rule),
        "is_left_out": not rule.is_copied,
        "version": attribute.version,
    }
    for code in languages():
        labeled = [(one.value, one.labels[code]) for one in rule.options if code in one.labels]
        values[f"label_{code}"] = rule.labels.get(code, "")
        values[f"options_{code}"] = "\n".join(f"{value}={label}" for value, label in labeled)
    return values


def _one_of(names: Any, sent: str | None) -> Any:  # noqa: ANN401 - an enumeration and one of it
    return names(sent) if sent in set(names) else next(iter(names))


def _read_default(rule: AttributeRule, typed: str | None) -> AttributeValue:
    """Return a typed default value as a value of the attribute's kind; None if nothing was typed.

    A text that does not fit the kind is returned as text; the check of the attribute's definition
    refuses it later.
    """
    if not typed:
        return None
    if rule.kind is Kind.BOOLEAN:
        words = {**_YES_NO, gettext("yes"): True, gettext("no"): False}
        return words.get(typed.strip().lower(), typed)
    if rule.kind is Kind.OPTION:
        return typed.strip()
    default: AttributeValue = read_attribute(rule, typed, decimal_comma=has_decimal_comma())
    return default


def _default_text(rule: AttributeRule) -> str:
    value = rule.default
    if value is None:
        return ""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    written = write_attribute(rule, value)
    if written is None and isinstance(value, dict | list):
        return write_value(value)
    return str(value) if written is None else written
