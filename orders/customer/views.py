"""Finding an order by its code, and what a customer sees of it."""

import time

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import lookup
from orders.rules import short_id
from orders.rules.short_id import MistypedShortId
from orders.web.limits import limiter, lookup_limit

customer = Blueprint("customer", __name__)

# Seconds that every miss takes: whether a code is mistyped or unknown is told by the words alone.
MISS_TIME = 0.02
MISTYPED = "Check the code: it looks mistyped."
UNKNOWN = "We know no order with this code."
# Both messages fill the same number of bytes, so that the answers have the same size.
MESSAGE_SIZE = 40
MAX_SHOWN = 60  # characters of what was typed that are shown again

clock = time.monotonic
sleep = time.sleep


@customer.before_request
def note_start() -> None:
    """Note when the request began; a miss is answered a fixed time after it."""
    g.started = clock()


@customer.after_request
def keep_private(response: Response) -> Response:
    """Keep orders out of caches and search engines."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@customer.get("/find")
@limiter.limit(lookup_limit)
def find() -> AnyResponse:
    """Ask for a code; lead to the order when one was typed."""
    typed = request.args.get("code", "")
    if not typed.strip():
        return Response(render_template("customer/find.html", typed="", message=""))
    try:
        code = short_id.normalise(typed)
    except MistypedShortId:
        return _miss(MISTYPED, typed)
    return redirect(url_for("customer.show_order", code=code), 303)


@customer.get("/o/<code>")
@limiter.limit(lookup_limit)
def show_order(code: str) -> AnyResponse:
    """Show what the customer may see of the order; its address has the code's one spelling."""
    try:
        canonical = short_id.normalise(code)
    except MistypedShortId:
        return _miss(MISTYPED, code)
    view = lookup.find_order_for_customer(canonical)
    if view is None:
        return _miss(UNKNOWN, code)
    if code != canonical:
        return redirect(url_for("customer.show_order", code=canonical), 301)
    return Response(render_template("customer/order.html", order=view))


def _miss(message: str, typed: str) -> Response:
    page = render_template(
        "customer/find.html", typed=typed[:MAX_SHOWN], message=message.ljust(MESSAGE_SIZE)
    )
    sleep(max(0.0, MISS_TIME - (clock() - g.started)))
    return Response(page, 404, mimetype="text/html")
