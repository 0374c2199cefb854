"""What of a form is kept as a draft or a template, and what a list says of it."""

from werkzeug.datastructures import MultiDict

from orders.access import OrgRules
from orders.entry.drafts import Fields
from orders.rules.attributes import Kind
from orders.staff.entry.form_rows import FormData
from orders.staff.forms import attribute_path

# Fields that belong to the page and not to what was typed.
_OF_THE_PAGE = {"csrf_token", "do", "draft_version", "page", "templateName", "order", "version"}
# Fields that have a value on every form, typed or not.
_PREFILLED = {"status"}
_PREFILLED_IN_ROWS = (".count", ".area")


def typed_fields(sent: FormData) -> Fields:
    """Give names and values of all fields that were sent, in their order."""
    return [
        [name, value]
        for name, value in sent.items(multi=True)
        if name not in _OF_THE_PAGE and not name.startswith("removed.")
    ]


def change_fields(sent: FormData) -> Fields:
    """Give the same of the form of a stored order, with the version at which the change began."""
    return [["version", sent.get("version", "")], *typed_fields(sent)]


def as_form(fields: Fields) -> FormData:
    """Give kept fields as if a browser had sent them."""
    return MultiDict([(name, value) for name, value in fields])


def title_of(fields: Fields) -> str:
    """Give what people know a draft by: the order's name, else the customer."""
    typed = dict(fields)
    return (typed.get("name") or typed.get("customerId") or "").strip()


def lines_of(fields: Fields) -> int:
    """Count the lines that name a configuration."""
    return sum(
        name.startswith("cart.") and name.endswith(".configurationId") and bool(value.strip())
        for name, value in fields
    )


def is_worth_keeping(fields: Fields, rules: OrgRules) -> bool:
    """Tell whether anybody has typed anything: a form that was only opened is no draft."""
    defaults = {
        attribute_path(rule): "y" if rule.kind is Kind.BOOLEAN else str(rule.default)
        for rule in rules.attributes
        if rule.default is not None and rule.default is not False
    }
    return any(
        value.strip() and value != defaults.get(name)
        for name, value in fields
        if name not in _PREFILLED and not name.endswith(_PREFILLED_IN_ROWS)
    )
