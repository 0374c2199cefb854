"""The sentence that a clerk reads aloud before an order is placed, and what is unusual in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Response, render_template, request

from orders.domain.attributes import Kind
from orders.domain.habits import is_unusual
from orders.domain.typed_values import read_whole
from orders.domain.value_formats import week_fault
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import labeled, local_now
from orders.interfaces.desk.forms import element_id
from orders.interfaces.desk.order_form.attribute_fields import AttributeField
from orders.interfaces.desk.order_form.customer_fill import filled_in, source_text
from orders.interfaces.desk.order_form.form_page import sent_entry
from orders.interfaces.desk.order_form.habit_flags import (
    Difference,
    differences_in,
    habits_of,
    shown_value,
    within_sentence,
)
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.i18n import figure, gettext, ngettext
from orders.services.orders.repeats import repeated_numbers

MOST_SPOKEN = 8  # values of attributes; nobody listens to more
MOST_UNUSUAL = 5  # quantities that are named; of more, their number
# Kinds whose values say by themselves what they are.
_WITHOUT_LABEL = frozenset({Kind.OPTION, Kind.MANY, Kind.WEEK})
_UNSPOKEN = frozenset({Kind.MULTILINE, Kind.EMAIL, Kind.PHONE, Kind.URL})


@dataclass(frozen=True, slots=True)
class Warned:
    """Something unusual: its sentence, and the HTML ID of the field with a shorter note, if any."""

    text: str
    field: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ReadBack:
    """The sentence about an order, without a period, and a warning for each unusual value."""

    text: str
    warnings: list[Warned]


@desk.app_template_global()
def read_back(entry: OrderEntry) -> ReadBack | None:
    """Return what is read aloud of the form; None as long as it has no customer and no product."""
    customer = habits_of(entry, signed_in())
    filled, pieces = entry.filled_lines, entry.pieces
    if not customer.customer_id and not filled:
        return None
    order = ", ".join([customer.shown_name or gettext("No customer"), *_spoken(entry)])
    warnings = [*_attributes(entry), *_quantities(entry), *_repeated(entry)]
    if not filled:
        return ReadBack(gettext("%(order)s. No lines yet", order=order), warnings)
    items = ngettext("%(count)s item", "%(count)s items", pieces, count=figure(pieces))
    lines = ngettext("%(count)s line", "%(count)s lines", len(filled), count=figure(len(filled)))
    text = gettext("%(order)s: %(items)s in %(lines)s", order=order, items=items, lines=lines)
    return ReadBack(text, warnings)


def _spoken(entry: OrderEntry) -> list[str]:
    spoken = (_say(one) for one in entry.attributes if one.rule.kind not in _UNSPOKEN)
    return [text for text in spoken if text][:MOST_SPOKEN]


def _say(one: AttributeField) -> str:
    rule, value = one.rule, one.value
    if value in (None, "", []) or value is False:
        return ""
    if rule.kind is Kind.BOOLEAN:
        return rule.label
    if rule.kind is Kind.WEEK and week_fault(value) is None:
        return _say_week(str(value))
    text = within_sentence(shown_value(rule, value), value)
    return text if rule.kind in _WITHOUT_LABEL else f"{rule.label} {text}"


def _say_week(value: str) -> str:
    """Return a week as people say it: without its year if it is less than half a year away."""
    year, _, week = value.partition("-W")
    now = local_now().isocalendar()
    away = (int(year) - now.year) * 52 + int(week) - now.week
    if 0 <= away < 26:
        return gettext("week %(week)s", week=int(week))
    return gettext("week %(week)s of %(year)s", week=int(week), year=year)


def _attributes(entry: OrderEntry) -> Iterator[Warned]:
    member = signed_in()
    differing = differences_in(entry, member)
    for one in differing:
        yield Warned(_sentence(one), element_id(one.field), one.note)
    customer_id = habits_of(entry, member).customer_id
    named = {one.path for one in differing}
    labels = {one.path: (one.rule.label, one.field.name) for one in entry.attributes}
    for path, filled in filled_in(entry).items():
        if filled.is_of_another(customer_id) and path not in named:
            label, name = labels[path]
            note = source_text(filled, customer_id)
            yield Warned(f"{label}: {note}", element_id(name), note)


def _repeated(entry: OrderEntry) -> Iterator[Warned]:
    raw, actor = entry.raw(), signed_in().actor
    numbers = (raw.get("customerId"), raw.get("platform", {}), raw["metadata"])
    for label, message in labeled(repeated_numbers(*numbers, actor, but=entry.own_code or None)):
        yield Warned(f"{label}: {message}")


def _sentence(one: Difference) -> str:
    if one.now:
        return gettext(
            "%(label)s %(now)s: usually %(usual)s", label=one.label, now=one.now, usual=one.usual
        )
    return gettext("%(label)s is empty: usually %(usual)s", label=one.label, usual=one.usual)


def _quantities(entry: OrderEntry) -> Iterator[Warned]:
    customer = habits_of(entry, signed_in())
    found = []
    for number, line in enumerate(entry.lines if customer.counts else (), start=1):
        typed, count = line.reference.text, read_whole(line.count.text)
        if not typed or not isinstance(count, int) or count < 1:
            continue
        card = entry.cards.get(typed)
        usual = customer.usual_count(*((card.id, card.short_id) if card else (typed,)))
        if usual is not None and is_unusual(count, usual.count, usual.orders):
            found.append((number, line, card, count, usual.count))
    for number, line, card, count, usually in found[:MOST_UNUSUAL]:
        name = (card.product_name or card.sku if card else "") or line.reference.text
        note = gettext("usually %(usual)s, now %(now)s", usual=figure(usually), now=figure(count))
        text = gettext(
            "Line %(number)s, %(product)s: %(note)s", number=number, product=name, note=note
        )
        yield Warned(text, element_id(line.count.name), note)
    more = len(found) - MOST_UNUSUAL
    if more > 0:
        yield Warned(
            ngettext(
                "And %(num)s more unusual quantity", "And %(num)s more unusual quantities", more
            )
        )


@desk.post("/orders/new/read-back")
def render_read_back() -> Response:
    """Render the sentence for the submitted form of a new or a changed order."""
    entry = sent_entry(request.form, signed_in())
    entry.own_code = request.form.get("order", "")
    return Response(render_template("desk/_read_back.html", entry=entry))
