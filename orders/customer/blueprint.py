"""The look-up's blueprint, and what its answers share: headers, language, look, and misses."""

import math
import time

from flask import Blueprint, Response, current_app, g, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import escape
from werkzeug.exceptions import HTTPException, TooManyRequests

from orders.administration import CustomerPage
from orders.customer.pace import MissPace
from orders.rules.texts import mark
from orders.storage.sqlite import request_lock
from orders.web.errors import error_page
from orders.web.language import gettext, keep_language, ngettext, prefer
from orders.web.limits import limiter

customer = Blueprint("customer", __name__)

MISTYPED = mark("Check the code: it looks mistyped.")
UNKNOWN = mark("We know no order with this code.")
MAX_SHOWN = 60  # characters of what was typed that are shown again
# Answers that are the same for everybody and never change under their address.
PUBLIC = {"customer.show_look", "customer.show_preview", "customer.show_logo"}


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
    if request.endpoint not in PUBLIC or response.status_code != 200:
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@customer.after_request
def keep_wish(response: Response) -> Response:
    """Keep the language that was asked for, where an answer has one."""
    return response if request.endpoint in PUBLIC else keep_language(response)


@customer.errorhandler(TooManyRequests)
def ask_to_wait(_error: TooManyRequests) -> Response:
    """Ask to wait, with what was typed still in the field. The limiter adds `Retry-After`."""
    limit = limiter.current_limit
    seconds = 1 if limit is None else max(1, math.ceil(limit.reset_at - time.time()))
    message = ngettext(
        "Too many codes in a short time. Please try again in a second.",
        "Too many codes in a short time. Please try again in %(num)s seconds.",
        seconds,
    )
    typed = request.args.get("code") or (request.view_args or {}).get("code", "")
    return page("customer/find.html", 429, typed=shown(typed), message=message)


@customer.errorhandler(HTTPException)
def refuse(error: HTTPException) -> Response:
    """Answer a broken request by a page of the customers' own."""
    return error_page(error)


def miss(message: str, typed: str) -> Response:
    """Answer a code without an order: the same size and time, whatever the reason.

    `message` is MISTYPED or UNKNOWN.
    """
    answer = page("customer/find.html", 404, typed=shown(typed), message=_filled(message))
    request_lock.release()  # only this answer is held back, nobody else's
    _pace().hold_back(g.started)
    return answer


def page(template: str, status: int = 200, **context: object) -> Response:
    """Draw a page."""
    return Response(render_template(template, **context), status, mimetype="text/html")


def dress(org: CustomerPage) -> None:
    """Let the page be the org's: its language, unless the customer wants another."""
    prefer(org.language)


def shown(typed: str) -> str:
    """Give what was typed as the field may hold it: printable, and no longer than a line."""
    return "".join(character for character in typed[:MAX_SHOWN] if character.isprintable())


def _filled(message: str) -> str:
    """Translate the message of a miss; blanks behind it give both of them the same size."""
    size = max(_size(gettext(text)) for text in (MISTYPED, UNKNOWN))
    text = gettext(message)
    return text + " " * (size - _size(text))


def _size(text: str) -> int:
    """Give how many bytes the text has in a page."""
    return len(str(escape(text)).encode())


def _pace() -> MissPace:
    pace: MissPace = current_app.extensions["miss_pace"]
    return pace
