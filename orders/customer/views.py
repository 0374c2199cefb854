"""Finding an order by its code. Whoever has the code may look; a miss tells as little as it can."""

import math
import time

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response as AnyResponse

from orders import lookup, turns
from orders.customer.pace import MissPace
from orders.customer.pages import STEPS, page_of
from orders.rules import short_id
from orders.rules.short_id import MistypedShortId
from orders.web.downloads import send_stored
from orders.web.limits import limiter, lookup_limit
from orders.web.links import customer_link

customer = Blueprint("customer", __name__)

MISTYPED = "Check the code: it looks mistyped."
UNKNOWN = "We know no order with this code."
# Both messages are filled up to this many characters, so that the answers have the same size.
MESSAGE_SIZE = max(len(MISTYPED), len(UNKNOWN))
MAX_SHOWN = 60  # characters of what was typed that are shown again


@customer.record
def set_pace(state: BlueprintSetupState) -> None:
    """Give the application the pace of misses, where tests put another clock."""
    state.app.extensions["miss_pace"] = MissPace()


@customer.before_request
def note_start() -> None:
    """Note when the request began; a miss is answered a fixed time after it."""
    g.started = _pace().clock()


@customer.after_request
def keep_private(response: Response) -> Response:
    """Keep orders out of caches and search engines."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@customer.get("/find")
@limiter.limit(lookup_limit, exempt_when=lambda: "code" not in request.args)
def find() -> AnyResponse:
    """Ask for a code; lead to the order's page when a well-formed one was typed."""
    typed = request.args.get("code")
    if typed is None:
        return _page("customer/find.html", typed="", message="")
    try:
        code = short_id.normalise(typed)
    except MistypedShortId:
        return _miss(MISTYPED, typed)
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
        return _miss(MISTYPED, code)
    view = lookup.find_order_for_customer(canonical)
    if view is None:
        return _miss(UNKNOWN, code)
    if code != canonical:
        return redirect(url_for("customer.show_order", code=canonical), 301)

    def picture_address(number: int) -> str:
        return url_for("customer.show_picture", code=canonical, number=number)

    order = page_of(view, picture_address)
    return _page("customer/order.html", order=order, steps=STEPS, link=customer_link(canonical))


@customer.get("/o/<code>/pictures/<int:number>")
# Only misses count: a page has many pictures, and whoever guesses codes has none.
@limiter.limit(lookup_limit, deduct_when=lambda response: response.status_code == 404)
def show_picture(code: str, number: int) -> AnyResponse:
    """Show the picture of a line of the order, counted from 1."""
    try:
        file = lookup.find_picture(short_id.normalise(code), number)
    except MistypedShortId:
        return _miss(MISTYPED, code)
    return _miss(UNKNOWN, code) if file is None else send_stored(file)


@customer.errorhandler(TooManyRequests)
def ask_to_wait(_error: TooManyRequests) -> Response:
    """Ask to wait, with what was typed still in the field. The limiter adds `Retry-After`."""
    limit = limiter.current_limit
    seconds = 1 if limit is None else max(1, math.ceil(limit.reset_at - time.time()))
    wait = "a second" if seconds == 1 else f"{seconds} seconds"
    message = f"Too many codes in a short time. Please try again in {wait}."
    typed = request.args.get("code") or (request.view_args or {}).get("code", "")
    return _page("customer/find.html", 429, typed=_shown(typed), message=message)


def _miss(message: str, typed: str) -> Response:
    """Answer a code without an order: the same size and time, whatever the reason."""
    page = _page(
        "customer/find.html", 404, typed=_shown(typed), message=message.ljust(MESSAGE_SIZE)
    )
    turns.give()  # only this answer is held back, nobody else's
    _pace().hold_back(g.started)
    return page


def _page(template: str, status: int = 200, **context: object) -> Response:
    return Response(render_template(template, **context), status, mimetype="text/html")


def _shown(typed: str) -> str:
    """Give what was typed as the field may hold it: printable, and no longer than a line."""
    return "".join(character for character in typed[:MAX_SHOWN] if character.isprintable())


def _pace() -> MissPace:
    pace: MissPace = current_app.extensions["miss_pace"]
    return pace
