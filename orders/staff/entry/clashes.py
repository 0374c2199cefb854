"""How the values of a clash are told to people."""
# ruff: noqa: RUF001 - dashes and signs for people's eyes

from dataclasses import dataclass
from typing import Any

from orders.access import StaffMember
from orders.catalogue import naming
from orders.rules.attributes import display
from orders.rules.merging import FieldConflict
from orders.rules.order import LABELS
from orders.rules.status import STATUS_TEXTS, read_status
from orders.rules.typed_values import write_value
from orders.staff.forms import attribute_path
from orders.web.language import figure, gettext, translated


@dataclass(frozen=True)
class ShownClash:
    """A field that two people have changed, in words."""

    label: str
    mine: str
    theirs: str


def shown_clashes(clashes: tuple[FieldConflict, ...], member: StaffMember) -> list[ShownClash]:
    """Give label and both values of each clash."""
    return [_shown(clash, member) for clash in clashes]


def _shown(clash: FieldConflict, member: StaffMember) -> ShownClash:
    if clash.path == "cart":
        mine, theirs = (_cart(lines, member.org_id) for lines in (clash.mine, clash.theirs))
        return ShownClash(translated(LABELS["cart"]), mine, theirs)
    for rule in member.actor.org.attributes:
        if attribute_path(rule) == clash.path:
            shown = (
                "–" if value is None else translated(display(rule, value))
                for value in (clash.mine, clash.theirs)
            )
            return ShownClash(rule.label, *shown)
    label = LABELS.get(clash.path, clash.path.removeprefix("metadata."))
    if clash.path == "status":
        return ShownClash(translated(label), _status(clash.mine), _status(clash.theirs))
    return ShownClash(translated(label), _text(clash.mine), _text(clash.theirs))


def _cart(lines: list[dict[str, Any]], org_id: str) -> str:
    cards = naming.resolve({line["configurationId"] for line in lines}, org_id)
    named = []
    for line in lines:
        card = cards.get(line["configurationId"])
        name = line["configurationId"] if card is None else card.sku or card.short_id
        named.append(f"{figure(line['count'])} × {name}")
    return ", ".join(named) or gettext("no lines")


def _status(value: object) -> str:
    status = read_status(value)
    return _text(value) if status is None else translated(STATUS_TEXTS[status])


def _text(value: object) -> str:
    return "–" if value is None else write_value(value)
