"""How the desk's pages show the totals of attributes of lines."""

from collections.abc import Sequence
from dataclasses import dataclass

from orders.domain.attributes import AttributeRule
from orders.domain.line_totals import LineTotal, in_order, line_totals, total_rules
from orders.domain.order import Order
from orders.domain.texts import Money, lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.http.i18n import figure, in_page_language, ngettext, translated


@dataclass(frozen=True, slots=True)
class ShownTotal:
    """A total in the page's language: its label, a text for each currency, and what is left out."""

    label: str
    texts: Sequence[str]
    missing: str = ""


def shown_rules() -> tuple[AttributeRule, ...]:
    """Return the attributes of lines that are added up, labeled in the page's language."""
    return in_page_language(total_rules(signed_in().actor.org.line_attributes))


def total_texts(total: LineTotal) -> list[str]:
    """Return the sum in each currency, in the page's language."""
    return [
        translated(lazy_gettext("%(value)s", value=Money(f"{amount:f}", unit)))
        if unit
        else figure(amount)
        for unit, amount in total.sums.items()
    ]


def shown_totals(totals: Sequence[LineTotal]) -> list[ShownTotal]:
    """Return the totals that have a sum, as pages show them."""
    return [
        ShownTotal(total.rule.label, total_texts(total), _missing(total.missing))
        for total in totals
        if total.sums
    ]


def _missing(count: int) -> str:
    if not count:
        return ""
    return ngettext("%(num)s line has no value", "%(num)s lines have no value", count)


@desk.app_template_global()
def order_totals(order: Order) -> list[ShownTotal]:
    """Return the totals of a stored order that have a sum."""
    return shown_totals(line_totals(in_order(order.cart), shown_rules()))
