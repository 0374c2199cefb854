"""The start page."""

from babel.dates import format_date
from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders.interfaces.desk import charts
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_day, status_names
from orders.interfaces.desk.forms import report
from orders.interfaces.http.i18n import gettext, language
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import current_member
from orders.services import dashboard, first_steps
from orders.services.languages import ENGLISH

DAY_FORMATS = {ENGLISH: "EEEE, d MMMM y"}  # as on all pages: Wednesday, 25 November 2026


@desk.get("/")
def start() -> AnyResponse | str:
    """Render the dashboard if a staff member is signed in.

    Redirects anyone else to the page on which customers find their orders.
    """
    if current_member() is None:
        return redirect(url_for("customer.find"))
    member, code = signed_in(), language()
    glance = dashboard.load_dashboard(member.actor, zone=member.preferences.zone)
    return render_template(
        "desk/start.html",
        glance=glance,
        checklist=first_steps.load_checklist(member),
        today=format_date(glance.today.day, DAY_FORMATS.get(code, "full"), locale=code),
        days={day.day: local_day(day.day) for day in glance.days},
        names=status_names(),
        by_day=charts.by_day(glance.days, local_day),
        by_status=charts.by_status(glance.days),
        totals=charts.totals_of(glance.days),
        height=charts.HEIGHT,
        quiet_days=dashboard.QUIET_AFTER.days,
        failed_days=dashboard.FAILED_DAYS,
    )


@desk.post("/checklist")
def show_checklist() -> Response:
    """Hide the checklist of the first steps, or show it again if `do` is "show"."""
    is_shown = request.form.get("do") == "show"
    first_steps.show_checklist(signed_in(), is_shown=is_shown)
    if is_shown:
        return go_to(url_for("desk.start"))
    return report(gettext("The first steps are hidden."), url_for("desk.start"), "checklist")
