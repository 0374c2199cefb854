"""The fields of the order form for the org's attributes: from JSON to the form, and back.

An attribute has one field, named like its path in the order (`metadata.finish`). An amount of money
has two: `metadata.price.amount` and `metadata.price.currency`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from wtforms import BooleanField, Field, SelectMultipleField, StringField, TextAreaField

from orders.domain.attributes import AttributeRule, Kind, value_fault
from orders.domain.typed_values import read_attribute, read_number, write_value
from orders.domain.value_formats import current_currencies, is_money, read_amount
from orders.interfaces.desk.forms import MenuField
from orders.interfaces.http.i18n import gettext, has_decimal_comma

CURRENCY = "_currency"  # the end of the attribute name of a form's field with a currency
# Kinds whose input elements show only values of the kind, and their types in HTML.
_TYPES = {
    Kind.DATE: "date", Kind.WEEK: "week", Kind.EMAIL: "email", Kind.PHONE: "tel", Kind.URL: "url",
}  # fmt: skip
# What a browser that knows no such element accepts, and shows as long as nothing is typed.
_PATTERNS = {Kind.DATE: "[0-9]{4}-[0-9]{2}-[0-9]{2}", Kind.WEEK: "[0-9]{4}-W[0-9]{2}"}
_PLACEHOLDERS = {Kind.DATE: "2027-01-18", Kind.WEEK: "2027-W03"}


@dataclass(frozen=True, slots=True)
class AttributeField:
    """An attribute (`rule`) with its form field; `path` is where its value is in an order.

    `currency` is the second field of an amount of money, and None for every other kind.
    """

    rule: AttributeRule
    path: str
    field: Field
    currency: Field | None = None

    @property
    def type(self) -> str:
        """The type of the input element.

        It is "text" for a stored value that is not of the kind: an element for days would show such
        a value as empty, and the order would lose it.
        """
        typed = self.field.data
        is_shown = not typed or value_fault(self.rule, typed) is None
        return _TYPES.get(self.rule.kind, "text") if is_shown else "text"

    @property
    def inputmode(self) -> str:
        """The kind of keyboard that a phone offers."""
        is_number = self.rule.kind in {Kind.NUMBER, Kind.MONEY}
        return "decimal" if is_number else "tel" if self.rule.kind is Kind.PHONE else "text"

    @property
    def pattern(self) -> str:
        return _PATTERNS.get(self.rule.kind, "")

    @property
    def placeholder(self) -> str:
        return self.rule.placeholder or _PLACEHOLDERS.get(self.rule.kind, "")

    @property
    def retired(self) -> list[str]:
        """The chosen values of MANY that are no options any more."""
        known = {option.value for option in self.rule.options}
        return [value for value in self.field.data or () if value not in known]

    def restore_default(self) -> None:
        """Set the fields to what an empty form has in them."""
        for one in (self.field, self.currency):
            if one is not None:
                one.process_data(one.default)

    @property
    def value(self) -> Any:  # noqa: ANN401 - a JSON value
        """The JSON value that was typed; None if there is none.

        A text that cannot be read as a value of the kind is returned unchanged; the services then
        refuse it.
        """
        rule, data = self.rule, self.field.data
        if rule.kind is Kind.BOOLEAN:
            # An optional box without a tick means “no value”, not “no”.
            says_no = rule.required or rule.default is not None
            return True if data else (False if says_no else None)
        return self._read(data) if data else None

    def _read(self, data: Any) -> object:  # noqa: ANN401 - a text, or a list of texts
        rule = self.rule
        if rule.kind is Kind.MANY:
            places = {option.value: place for place, option in enumerate(rule.options)}
            # The form shows them in the order of the options, whatever the order is that is stored.
            return sorted(dict.fromkeys(data), key=lambda value: places.get(value, len(places)))
        if rule.kind is Kind.NUMBER:
            return read_number(data, decimal_comma=has_decimal_comma())
        if rule.kind is Kind.MONEY:
            return self._money(str(data).strip())
        # An option is sent by its value; a label that was sent instead is not one.
        return data if rule.kind is Kind.OPTION else read_attribute(rule, data)

    def _money(self, typed: str) -> object:
        whole = read_attribute(self.rule, typed, decimal_comma=has_decimal_comma())
        if is_money(whole):  # the currency was typed with the amount
            return whole
        currency = (self.currency.data if self.currency is not None else "") or ""
        amount = read_amount(typed, decimal_comma=has_decimal_comma())
        return {"amount": amount or typed, "currency": currency} if typed else None


def fields_in(form: Any, rules: Iterable[AttributeRule]) -> list[AttributeField]:  # noqa: ANN401 - a form, which has no types
    """Return the attributes with their fields in a form that has the fields of `new_fields`."""
    return [
        AttributeField(
            rule, rule.path, form[name],
            form[f"{name}{CURRENCY}"] if rule.kind is Kind.MONEY else None,
        )
        for at, rule in enumerate(rules)
        for name in (f"attribute_{at}",)
    ]  # fmt: skip


def new_fields(name: str, rule: AttributeRule) -> dict[str, Field]:
    """Return the form fields of an attribute by their names in the form; the first is `name`."""
    path = rule.path
    start = typed_values(rule, rule.default)
    if rule.kind is Kind.BOOLEAN:
        return {name: BooleanField(rule.label, name=path, default=bool(rule.default))}
    if rule.kind is Kind.MANY:
        many = SelectMultipleField(
            rule.label, name=path, validate_choice=False, default=start[""],
            choices={option.value: option.label for option in rule.options},
        )  # fmt: skip
        return {name: many}
    if rule.kind is Kind.OPTION:
        choices = {"": "—"} | {option.value: option.label for option in rule.options}
        return {name: MenuField(rule.label, name=path, choices=choices, default=start[""])}
    if rule.kind is Kind.MULTILINE:
        return {name: TextAreaField(rule.label, name=path, default=start[""])}
    if rule.kind is not Kind.MONEY:
        return {name: StringField(rule.label, name=path, default=start[""])}
    codes = [option.value for option in rule.options] or ["", *current_currencies()]
    currency = MenuField(
        gettext("Currency"), name=f"{path}.currency", choices={code: code or "—" for code in codes},
        default=start[CURRENCY] or codes[0],
    )  # fmt: skip
    amount = StringField(rule.label, name=f"{path}.amount", default=start[""])
    return {name: amount, f"{name}{CURRENCY}": currency}


def typed_values(rule: AttributeRule, value: object) -> dict[str, Any]:
    """Return a value of an attribute as the form's fields show it, by the end of the field's name.

    The end is "" for the attribute's own field, and CURRENCY for that of an amount's currency. The
    value may be one that is not of the kind; the form then shows its JSON.
    """
    if rule.kind is Kind.BOOLEAN:
        return {"": value is True}
    if rule.kind is Kind.MANY:
        values = value if isinstance(value, list) else [] if value is None else [value]
        return {"": [one if isinstance(one, str) else write_value(one) for one in values]}
    if rule.kind is Kind.MONEY:
        if isinstance(value, dict) and is_money(value):
            point = "," if has_decimal_comma() else "."
            return {"": value["amount"].replace(".", point), CURRENCY: value["currency"]}
        return {"": _text(value), CURRENCY: ""}
    return {"": _text(value)}


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else write_value(value)
