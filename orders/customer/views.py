"""Finding an order by its code. Whoever has the code may look; a miss tells as little as it can."""

from urllib.parse import urlsplit

from flask import Response, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import lookup
from orders.customer import opening
from orders.customer.blueprint import MISTYPED, UNKNOWN, customer, dress, miss, page, shown
from orders.customer.pages import Addresses, page_of
from orders.lookup import CustomerView
from orders.rules import short_id
from orders.rules.calendar_event import DayEvent, write_calendar
from orders.rules.errors import NotFound
from orders.rules.moments import read_day
from orders.rules.short_id import MistypedShortId, grouped
from orders.web.downloads import send_stored
from orders.web.language import gettext
from orders.web.limits import limiter, lookup_limit
from orders.web.links import customer_link

# Characters of a customer ID that are looked at: it has 255, and room for blanks between them.
MAX_TYPED = 1000


@customer.get("/find")
@limiter.limit(lookup_limit, exempt_when=lambda: "code" not in request.args)
def find() -> AnyResponse:
    """Ask for a code; lead to the order's page when a well-formed one was typed."""
    typed = request.args.get("code")
    if typed is None:
        return page("customer/find.html", typed="", message="")
    try:
        code = short_id.normalise(typed)
    except MistypedShortId:
        return miss(MISTYPED, typed)
    return redirect(url_for("customer.show_order", code=code), 303)


@customer.get("/o/")
def ask_for_code() -> AnyResponse:
    """Lead a link that has lost its code to the place where one can be typed."""
    return redirect(url_for("customer.find"), 303)


@customer.get("/o/<code>")
@customer.get("/o/<path:code>")
@limiter.limit(lookup_limit)
def show_order(code: str) -> AnyResponse:
    """Show what the customer may see of the order; its address has the code's one spelling."""
    try:
        canonical = short_id.normalise(code)
    except MistypedShortId:
        return miss(MISTYPED, code)
    view = lookup.find_order_for_customer(canonical, opening.is_open)
    if view is None:
        return miss(UNKNOWN, code)
    if code != canonical:
        return redirect(url_for("customer.show_order", code=canonical), 301)
    return draw(view)


@customer.post("/o/<code>/open")
@limiter.limit(lookup_limit)
def open_order(code: str) -> AnyResponse:
    """Take the second fact; when it is right, this browser may see the order from now on."""
    try:
        canonical = short_id.normalise(code)
    except MistypedShortId:
        return miss(MISTYPED, code)
    typed = request.form.get("number", "")[:MAX_TYPED]
    attempt = lookup.tell_fact(canonical, typed)
    if attempt is None or attempt.lock is not None:
        answer = redirect(url_for("customer.show_order", code=canonical), 303)
        if attempt is not None and attempt.lock is not None:
            opening.keep_open(answer, canonical, attempt.lock)
        return answer
    # Without what opens it: the page says no more than before.
    view = lookup.find_order_for_customer(canonical, lambda _lock: False)
    return miss(UNKNOWN, code) if view is None else _refuse(view, typed, attempt.wait)


@customer.get("/o/<code>/pictures/<int:number>")
# Only misses count: a page has many pictures, and whoever guesses codes has none.
@limiter.limit(lookup_limit, deduct_when=lambda response: response.status_code == 404)
def show_picture(code: str, number: int) -> AnyResponse:
    """Show the picture of a line of the order, counted from 1."""
    try:
        file = lookup.find_picture(short_id.normalise(code), number, opening.is_open)
        return miss(UNKNOWN, code) if file is None else send_stored(file)
    except MistypedShortId:
        return miss(MISTYPED, code)
    except NotFound:  # the file has gone meanwhile
        return miss(UNKNOWN, code)


@customer.get("/o/<code>/days/<int:number>.ics")
@limiter.limit(lookup_limit)
def show_day(code: str, number: int) -> AnyResponse:
    """Hand out a calendar file of a detail, counted from 1, that is a day."""
    try:
        canonical = short_id.normalise(code)
    except MistypedShortId:
        return miss(MISTYPED, code)
    view = lookup.find_order_for_customer(canonical, opening.is_open)
    content = view.content if view else None
    if view is None or content is None or not 1 <= number <= len(content.details):
        return miss(UNKNOWN, code)
    detail = content.details[number - 1]
    day = read_day(detail.value)
    if day is None:
        return miss(UNKNOWN, code)
    dress(view.org)
    link = customer_link(canonical)
    order = gettext("Order %(code)s", code=grouped(canonical))
    event = DayEvent(
        uid=f"{canonical}-{number}@{urlsplit(link).hostname}",
        day=day,
        title=f"{detail.label} – {view.org.org_name}",  # noqa: RUF001 - a dash for people's eyes
        text=f"{order}\n{link}",
        address=link,
        changed_at=content.updated_at,
    )
    name = {"Content-Disposition": f'attachment; filename="{canonical}.ics"'}
    return Response(write_calendar(event), mimetype="text/calendar", headers=name)


def draw(view: CustomerView, status: int = 200, **context: object) -> Response:
    """Draw an order's page, in its org's look."""
    dress(view.org)
    code = view.short_id
    addresses = Addresses(
        picture=lambda number: url_for("customer.show_picture", code=code, number=number),
        day=lambda number: url_for("customer.show_day", code=code, number=number),
    )
    order = page_of(view, addresses)
    link = customer_link(code)
    return page(
        "customer/order.html", status, order=order, org=view.org, gate=view.gate, link=link,
        **{"message": "", "typed": "", **context},
    )  # fmt: skip


def _refuse(view: CustomerView, typed: str, wait: int) -> Response:
    """Say that the second fact is not the right one, or that there were too many tries."""
    dress(view.org)
    if not wait:
        message = gettext("This is not the customer number of this order.")
        return draw(view, 422, message=message, typed=shown(typed))
    message = opening.wait_sentence(wait)
    answer = draw(view, 429, message=message, typed=shown(typed))
    answer.headers["Retry-After"] = str(wait)
    return answer
