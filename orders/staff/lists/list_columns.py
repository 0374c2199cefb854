"""The columns of the list: which there are, and which a person has chosen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orders.lists.order_list import OrderSummary
from orders.rules.attributes import AttributeRule, display
from orders.rules.texts import mark
from orders.staff.forms import attribute_path
from orders.web.language import translated


@dataclass(frozen=True, slots=True)
class Column:
    """A column beside the code, by the name that stands in addresses and preferences.

    `short` stands in the place of `label` where a phone has little room. `sort` is the wire name of
    the field that its head sorts by.
    """

    name: str
    label: str
    sort: str = ""
    is_figure: bool = False
    rule: AttributeRule | None = None
    short: str = ""


FIXED = (
    Column("name", mark("Name"), sort="name"),
    Column("customer", mark("Customer"), sort="customerId"),
    Column("status", mark("Status"), sort="status"),
    Column("lines", mark("Lines"), is_figure=True),
    Column("pieces", mark("Pieces"), is_figure=True),
    Column("created", mark("Created"), sort="createdAt"),
    Column("changed", mark("Changed"), sort="updatedAt"),
    Column("by", mark("By")),
    Column("platformOrder", mark("Platform order"), short=mark("Platf. order")),
    Column("store", mark("Store")),
)
DEFAULT = ("name", "customer", "status", "lines", "pieces", "created", "by")


def all_columns(rules: Sequence[AttributeRule]) -> tuple[Column, ...]:
    """Give every column that can be shown, in the page's language; the org's attributes last."""
    fixed = tuple(
        replace(one, label=translated(one.label), short=translated(one.short)) for one in FIXED
    )
    own = tuple(Column(attribute_path(rule), rule.label, rule=rule) for rule in rules)
    return fixed + own


def choose(
    rules: Sequence[AttributeRule], named: Iterable[str], preferred: object
) -> tuple[Column, ...]:
    """Give the columns that the address names; else those of the person; else the usual ones.

    Names of columns that are no longer there, as those of a deleted attribute, are passed over.
    """
    every = all_columns(rules)
    for wanted in (set(named), set(_texts(preferred)), set(DEFAULT)):
        chosen = tuple(column for column in every if column.name in wanted)
        if chosen or wanted == {CODE_ALONE}:
            return chosen
    return ()


# A choice of no column but the code is a choice too.
CODE_ALONE = "code"


def named_by(rules: Sequence[AttributeRule], ticked: Iterable[str]) -> list[str]:
    """Give what is kept of the ticked columns."""
    chosen = set(ticked)
    return [one.name for one in all_columns(rules) if one.name in chosen] or [CODE_ALONE]


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def attribute_text(order: OrderSummary, rule: AttributeRule) -> str:
    """Give an attribute's value as people read it; empty when the order has none."""
    for area in rule.areas:
        value = getattr(order, area).get(rule.key)
        if value is not None:
            return translated(display(rule, value))
    return ""


def platform_text(order: OrderSummary, key: str) -> str:
    """Give a member of the platform when it is a text."""
    value = order.platform.get(key)
    return value if isinstance(value, str) else ""
