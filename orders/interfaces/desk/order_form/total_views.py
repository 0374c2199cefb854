"""The totals below the cart of the order form, which the server computes after each change."""

from flask import Response, render_template, request

from orders.domain.line_totals import CountedLine, line_totals
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.line_totals import ShownTotal, shown_rules, shown_totals
from orders.interfaces.desk.order_form.order_form import OrderEntry, read_entry


@desk.post("/orders/new/totals")
def show_line_totals() -> Response:
    """Render the totals of the submitted form, which is not checked."""
    entry = read_entry(request.form, signed_in().actor.org)
    return Response(render_template("desk/_line_totals.html", entry=entry, is_refreshed=True))


@desk.app_template_global()
def form_totals(entry: OrderEntry) -> list[ShownTotal]:
    """Return the totals of what is typed into the form; rows without a valid value are left out."""
    lines = (_counted(line) for _, line in entry.identified_lines())
    return shown_totals(line_totals(lines, shown_rules()))


@desk.app_template_global()
def has_line_totals() -> bool:
    """Return whether the org adds up an attribute of lines."""
    return bool(shown_rules())


def _counted(line: dict[str, object]) -> CountedLine:
    count, metadata = line.get("count"), line.get("metadata")
    is_valid = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return (
        count if is_valid else None,  # type: ignore[return-value]  # it is an int then
        metadata if isinstance(metadata, dict) else None,
    )
