"""The products that are closest to texts in the order form that name none."""

from contextlib import suppress
from dataclasses import replace

from flask import Response, copy_current_request_context

from orders.domain.errors import ServiceBusy
from orders.interfaces.desk.forms import element_id
from orders.interfaces.desk.order_form.form_fields import FormLine
from orders.interfaces.desk.order_form.line_fields import shortened
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.i18n import figure, gettext
from orders.services.accounts.access import Actor
from orders.services.catalog import products
from orders.services.catalog.product_index import load_products

MAX_SUGGESTED = 100  # rows with an unknown text for which the form suggests configurations


def load_after(response: Response, org_id: str) -> None:
    """Load the org's products once the response is sent, so that no later response waits for it."""

    @copy_current_request_context
    def load() -> None:
        with suppress(ServiceBusy):  # they are loaded when they are needed
            load_products(org_id)

    response.call_on_close(load)


def suggest(entry: OrderEntry, actor: Actor, only: FormLine | None = None) -> None:
    """Store in `candidates` and `closest` of the form which products unknown texts may mean.

    Only the first MAX_SUGGESTED of the rows with such texts get suggestions. If `only` is given,
    all other rows are ignored.
    """
    unknown = [
        line
        for line in ([only] if only is not None else entry.lines)
        if entry.error(line.reference.name) and line.reference.text
    ]
    if not unknown:
        return
    index = load_products(actor.org_id)
    for line in unknown[:MAX_SUGGESTED]:
        matching = len(index.named(line.reference.text))
        if matching > 1:
            _say_several(entry, line, matching)
    near = {line.row: index.near(line.reference.text) for line in unknown[:MAX_SUGGESTED]}
    found = products.resolve({own for one in near.values() for own in one.ids}, actor.org_id)
    names = products.references_of(found.values(), actor.org_id)
    for row, one in near.items():
        entry.candidates[row] = [found[own] for own in one.ids if own in found]
        if one.is_clear and one.ids[0] in names:
            entry.closest[row] = names[one.ids[0]]


def _say_several(entry: OrderEntry, line: FormLine, matching: int) -> None:
    """Replace the error of a row whose text names several products."""
    name, text = line.reference.name, shortened(line.reference.text)
    message = gettext(
        "%(count)s products match “%(text)s”. Choose one.", count=figure(matching), text=text
    )
    entry.errors[name] = message
    entry.several.add(line.row)
    target = element_id(name)
    entry.summary = [
        replace(one, message=message) if one.target == target else one for one in entry.summary
    ]
