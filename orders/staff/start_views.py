"""The start page, and the way to an order by its code."""

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import at_a_glance, queries
from orders.rules.errors import NotFound
from orders.rules.short_id import MistypedShortId
from orders.staff import charts
from orders.staff.accounts import current_member
from orders.staff.blueprint import signed_in, staff

MAX_CODE = 500  # characters that are looked at


@staff.get("/")
def start() -> AnyResponse | str:
    """Show staff what the day has brought, and lead everybody else to the look-up."""
    if current_member() is None:
        return redirect(url_for("customer.find"))
    glance = at_a_glance.look(signed_in().actor)
    return render_template(
        "staff/start.html",
        glance=glance,
        by_day=charts.by_day(glance.days),
        by_status=charts.by_status(glance.days),
        totals=charts.totals_of(glance.days),
        height=charts.HEIGHT,
        quiet_days=at_a_glance.QUIET_AFTER.days,
        failed_days=at_a_glance.FAILED_DAYS,
    )


@staff.get("/orders/go")
def go_to_order() -> AnyResponse:
    """Lead to the order with this code, in any spelling; else to the list that looks for it."""
    code = request.args.get("code", "")[:MAX_CODE].strip()
    try:
        order = queries.find_any_order(code, signed_in().org_id)
    except (NotFound, MistypedShortId):
        return redirect(url_for("staff.list_orders", q=code) if code else url_for("staff.start"))
    return redirect(url_for("staff.show_order", reference=order.short_id))
