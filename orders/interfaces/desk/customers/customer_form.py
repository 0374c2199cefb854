"""The form of a customer record: its fields, addresses and defaults, and its JSON."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from babel import Locale
from wtforms import Form, HiddenField, StringField, TextAreaField
from wtforms.fields import Field

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.countries import country_codes
from orders.domain.customer import MAX_ADDRESSES, Customer, customer_fields
from orders.domain.errors import FieldError
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import read_attribute, read_value, write_value
from orders.interfaces.desk import forms
from orders.interfaces.desk.forms import FilledForm, FormData
from orders.interfaces.http.i18n import gettext, has_decimal_comma, language, translated

_TEXTS = ("name", "contact", "email", "phone", "notes")
_PARTS = ("label", "lines", "city", "postalCode", "country")
_ADDRESS = re.compile(rf"addresses\.([0-9]{{1,4}})\.(?:{'|'.join(_PARTS)})")
_LINE_OF_ADDRESS = re.compile(r"(addresses\.[0-9]+\.lines)\.[0-9]+")


class CustomerForm(forms.VersionedForm):
    """The fields of a customer record, except addresses and defaults.

    `key` identifies the form of a new record, so that a form that is sent twice creates only one.
    """

    customer_id = StringField(lazy_gettext("Customer ID"), name="customerId")
    name = StringField(lazy_gettext("Name"))
    contact = StringField(lazy_gettext("Contact"))
    email = StringField(lazy_gettext("E-mail address"))
    phone = StringField(lazy_gettext("Phone"))
    notes = TextAreaField(lazy_gettext("Notes"))
    key = HiddenField()


class AddressForm(Form):
    """The fields of one address; their names begin with `addresses.<number>.`."""

    label = StringField(lazy_gettext("Label"))
    lines = TextAreaField(lazy_gettext("Street and building"))
    postal_code = StringField(lazy_gettext("Postal code"), name="postalCode")
    city = StringField(lazy_gettext("City"))
    country = forms.MenuField(lazy_gettext("Country"))

    def raw(self) -> dict[str, Any]:
        """Return the address as JSON."""
        values = {str(one.short_name): (one.data or "").strip() or None for one in self}
        return {**values, "lines": forms.lines_of(self.lines.data)}


def country_names() -> dict[str, str]:
    """Return the names of all countries in the page's language by code, sorted by name."""
    names = Locale.parse(language()).territories
    return dict(
        sorted(((code, names[code]) for code in country_codes()), key=lambda one: one[1].casefold())
    )


def _address_form(number: int, values: Mapping[str, str]) -> AddressForm:
    form = AddressForm(
        formdata=None, prefix=f"addresses.{number}.",
        **{"postal_code" if part == "postalCode" else part: text for part, text in values.items()},
    )  # fmt: skip
    form.country.choices = [("", "—"), *country_names().items()]
    return form


@dataclass(frozen=True, slots=True)
class DefaultField:
    """The form field for the default of an attribute (`rule`) of `metadata`."""

    rule: AttributeRule
    field: Field

    def value(self) -> Any:  # noqa: ANN401 - a JSON value
        """Return the JSON value that was typed; None if nothing was.

        A text that does not fit the attribute is returned unchanged; the services then refuse it.
        """
        text = (self.field.data or "").strip()
        if not text:
            return None
        try:
            value = read_value(text)
        except ValueError:
            return text
        if not isinstance(value, str):
            return value
        return read_attribute(self.rule, value, decimal_comma=has_decimal_comma())


def default_fields(
    rules: Iterable[AttributeRule], values: Mapping[str, str]
) -> tuple[DefaultField, ...]:
    """Return a field for each attribute of `metadata`; `values` are texts by the fields' names."""
    shown = [rule for rule in rules if "metadata" in rule.areas]
    fields = {f"default_{at}": _default_field(rule) for at, rule in enumerate(shown)}
    form = type("DefaultsForm", (Form,), fields)(formdata=None)
    found = []
    for at, rule in enumerate(shown):
        own = form[f"default_{at}"]
        own.process_data(values.get(own.name, ""))
        found.append(DefaultField(rule, own))
    return tuple(found)


def _default_field(rule: AttributeRule) -> Field:
    name = f"defaults.{rule.key}"
    if rule.kind is Kind.OPTION:
        choices = {"": "—"} | {option.value: option.label for option in rule.options}
        return forms.MenuField(rule.label, name=name, choices=choices)
    if rule.kind is Kind.BOOLEAN:
        choices = {"": "—", "yes": gettext("Yes"), "no": gettext("No")}
        return forms.MenuField(rule.label, name=name, choices=choices)
    return StringField(rule.label, name=name)


def _default_text(rule: AttributeRule, value: object) -> str:
    if value is None:
        return ""
    if rule.kind is Kind.BOOLEAN and isinstance(value, bool):
        return "yes" if value else "no"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else write_value(value)


@dataclass
class CustomerEntry(FilledForm):
    """The form of a customer record: what was typed into it, and its errors.

    `addresses` are the rows that are not blank. `others` are stored defaults that belong to no
    attribute; the form keeps them.
    """

    addresses: list[AddressForm] = field(default_factory=list)
    defaults: tuple[DefaultField, ...] = ()
    others: dict[str, Any] = field(default_factory=dict)

    @property
    def blank(self) -> AddressForm | None:
        """A blank address below the others; None if there may be no more."""
        at = len(self.addresses)
        return _address_form(at, {}) if at < MAX_ADDRESSES else None

    def raw(self) -> dict[str, Any]:
        """Return the record as the JSON that an API client would send, without its ID."""
        typed = {one.rule.key: one.value() for one in self.defaults}
        values = {name: (self.form[name].data or "").strip() or None for name in _TEXTS}
        if values["notes"]:
            values["notes"] = values["notes"].replace("\r\n", "\n")
        return {
            **values,
            "addresses": [one.raw() for one in self.addresses],
            "defaults": self.others | {key: one for key, one in typed.items() if one is not None},
        }

    def changes(self, rendered: "CustomerEntry") -> dict[str, Any]:
        """Return the fields of `raw` that differ from the form as it was rendered."""
        before = rendered.raw()
        return {name: value for name, value in self.raw().items() if value != before[name]}

    def labels(self) -> dict[str, str]:
        labels = super().labels()
        for number, address in enumerate(self.addresses, start=1):
            for one in address:
                label = translated(one.label.text)
                labels[one.name] = gettext(
                    "%(field)s, address %(number)s", field=label, number=number
                )
        return labels | {one.field.name: one.rule.label for one in self.defaults}

    def show(self, errors: Iterable[FieldError]) -> None:
        """Show errors as FilledForm does; those of single lines of an address at their field."""
        super().show(
            replace(error, path=_LINE_OF_ADDRESS.sub(r"\1", error.path)) for error in errors
        )


def entry_of(customer: Customer, rules: Iterable[AttributeRule]) -> CustomerEntry:
    """Return the form of a stored record."""
    fields = customer_fields(customer)
    rules = tuple(rules)
    texts = {
        f"defaults.{rule.key}": _default_text(rule, customer.defaults.get(rule.key))
        for rule in rules
    }
    form = CustomerForm(
        formdata=None, version=str(customer.version), customer_id=customer.customer_id,
        **{name: fields[name] for name in _TEXTS},
    )  # fmt: skip
    addresses = [
        _address_form(at, {**one, "lines": "\n".join(one["lines"])})
        for at, one in enumerate(customer.addresses)
    ]
    return CustomerEntry(
        form, addresses=addresses, defaults=default_fields(rules, texts),
        others=_others(customer.defaults, rules),
    )  # fmt: skip


def new_entry(rules: Iterable[AttributeRule], **values: str) -> CustomerEntry:
    """Return the form of a new record; `values` are those of fields of CustomerForm."""
    form = CustomerForm(formdata=None, key=forms.new_key(), **values)
    return CustomerEntry(form, defaults=default_fields(rules, {}))


def sent_entry(
    sent: FormData, rules: Iterable[AttributeRule], stored: Customer | None = None
) -> CustomerEntry:
    """Return the form with the submitted fields; `stored` is the record that it changes."""
    numbers = sorted({int(match[1]) for name in sent if (match := _ADDRESS.fullmatch(name))})
    typed = [{part: sent.get(f"addresses.{at}.{part}", "") for part in _PARTS} for at in numbers]
    filled = [values for values in typed if any(text.strip() for text in values.values())]
    rules = tuple(rules)
    return CustomerEntry(
        CustomerForm(formdata=sent),
        addresses=[_address_form(at, values) for at, values in enumerate(filled)],
        defaults=default_fields(rules, sent),
        others=_others(stored.defaults, rules) if stored else {},
    )


def _others(defaults: Mapping[str, Any], rules: Iterable[AttributeRule]) -> dict[str, Any]:
    own = {rule.key for rule in rules if "metadata" in rule.areas}
    return {key: value for key, value in defaults.items() if key not in own}
