"""The texts about an order on pages, on sheets and in messages."""

from dataclasses import dataclass
from typing import Any

from orders.domain.attributes import AttributeRule, display
from orders.domain.order import Order
from orders.domain.short_id import grouped
from orders.interfaces.desk.display import as_text
from orders.interfaces.http.current_settings import customer_link
from orders.interfaces.http.i18n import gettext, language, translated, use_language
from orders.services import accounts
from orders.services.catalog import products


def cards_of(order: Order) -> dict[str, products.ConfigurationSummary]:
    return products.resolve({line.configuration_id for line in order.cart}, order.org_id)


def labelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Return label and text of each of the org's attributes that has a value."""
    shown = []
    for rule in rules:
        area, _, key = rule.path.partition(".")
        value = _areas(order)[area].get(key)
        if value is not None:
            shown.append((rule.label, translated(display(rule, value))))
    return shown


def unlabelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Return key and text of each value that no attribute of the org defines."""
    defined = {rule.path for rule in rules}
    return [
        (key if area == "metadata" else f"{area}: {key}", as_text(value))
        for area, values in _areas(order).items()
        for key, value in values.items()
        if f"{area}.{key}" not in defined
    ]


def _areas(order: Order) -> dict[str, dict[str, Any]]:
    return {"metadata": order.metadata, "derivative": order.derivative}


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """A message with the customer's link; people write before its text. `language` is a code."""

    subject: str
    text: str
    language: str


def link_message(order: Order) -> LinkMessage:
    """Return the message in the language of the org's customers.

    For an org without one, it is in the language of the page, like the words of the sender.
    """
    chosen = accounts.find_customer_page(order.org_id).language
    shown, link = grouped(order.short_id), customer_link(order.short_id)
    with use_language(chosen):
        return LinkMessage(
            subject=gettext("Your order %(code)s", code=shown),
            text="\n".join((
                gettext("You can see your order here:"),
                link,
                "",
                gettext("Its code, should anybody ask for it: %(code)s", code=shown),
                "",
            )),
            language=language(),
        )  # fmt: skip
