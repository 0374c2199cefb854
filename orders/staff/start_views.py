"""The start page, and the way to an order by its code."""

from datetime import date

from babel.dates import format_date
from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import at_a_glance, queries
from orders.languages import ENGLISH
from orders.rules.errors import NotFound
from orders.rules.short_id import MistypedShortId
from orders.rules.status import STATUS_TEXTS
from orders.staff import charts
from orders.staff.accounts import current_member
from orders.staff.blueprint import signed_in, staff
from orders.web.language import language, translated

MAX_CODE = 500  # characters that are looked at
ENGLISH_DAY = "EEEE, d MMMM y"  # as at the rest of the desk: the day before the month


@staff.get("/")
def start() -> AnyResponse | str:
    """Show staff what the day has brought, and lead everybody else to the look-up."""
    if current_member() is None:
        return redirect(url_for("customer.find"))
    member = signed_in()
    glance = at_a_glance.load_dashboard(member.actor, zone=member.preferences.zone)
    write = member.preferences.write_day
    return render_template(
        "staff/start.html",
        glance=glance,
        today=_in_full(glance.today.day),
        days={day.day: write(day.day) for day in glance.days},
        names={status: translated(text) for status, text in STATUS_TEXTS.items()},
        by_day=charts.by_day(glance.days, write),
        by_status=charts.by_status(glance.days),
        totals=charts.totals_of(glance.days),
        height=charts.HEIGHT,
        quiet_days=at_a_glance.QUIET_AFTER.days,
        failed_days=at_a_glance.FAILED_DAYS,
    )


def _in_full(day: date) -> str:
    """Write a day with its weekday, as `Wednesday, 25 November 2026`."""
    code = language()
    return format_date(day, ENGLISH_DAY if code == ENGLISH else "full", locale=code)


@staff.get("/orders/go")
def go_to_order() -> AnyResponse:
    """Lead to the order with this code, in any spelling; else to the list that looks for it."""
    code = request.args.get("code", "")[:MAX_CODE].strip()
    try:
        order = queries.find_any_order(code, signed_in().org_id)
    except (NotFound, MistypedShortId):
        return redirect(url_for("staff.list_orders", q=code) if code else url_for("staff.start"))
    return redirect(url_for("staff.show_order", reference=order.short_id))
