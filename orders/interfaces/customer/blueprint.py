"""The blueprint of the customer pages, with their common headers and error responses."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, current_app, g, render_template, request
from flask.blueprints import BlueprintSetupState
from markupsafe import escape
from werkzeug.exceptions import HTTPException, TooManyRequests

from orders.domain.code_hints import MISTYPED, CodeHint, hint_for
from orders.domain.contact_links import mail_address, phone_address
from orders.domain.errors import NotFound
from orders.domain.short_id import LENGTH, MistypedShortId
from orders.domain.texts import lazy_gettext
from orders.interfaces.http.errors import error_page
from orders.interfaces.http.i18n import (
    gettext,
    keep_language,
    ngettext,
    set_org_language,
    translated,
)
from orders.interfaces.http.limiters import lookup_limiter, request_limits
from orders.services.accounts import orgs
from orders.services.accounts.orgs import CustomerPage
from orders.storage.sqlite import request_lock

customer = Blueprint("customer", __name__)

UNKNOWN = lazy_gettext("No order has this code. Check the code and try again.")
MAX_SHOWN = 60  # characters of the input that are shown again
# Seconds from the start of a request to the response of a miss. Looking up an unknown code takes
# 2 to 5 ms longer than detecting a typing error; the constant time hides the difference.
MISS_SECONDS = 0.02
# Responses that are the same for everyone and never change at their URL.
PUBLIC = {"customer.show_theme", "customer.show_theme_preview", "customer.show_logo"}


@dataclass(frozen=True, slots=True)
class ConstantTimeAnswer:
    """Delays responses so that each is sent `seconds` after its request started.

    The error responses for mistyped codes and for unknown codes then take equally long, unless the
    database needs longer than `seconds`. No secret depends on this: anyone can compute the check
    character of a code, and a code that exists opens its order anyway.
    """

    seconds: float = MISS_SECONDS
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def wait_since(self, started: float) -> None:
        """Sleep until `self.seconds` after `started`, or not at all if that time has passed.

        `started` is a time that `clock` returned.
        """
        rest = started + self.seconds - self.clock()
        if rest > 0:
            self.sleep(rest)


@customer.record
def add_constant_time_answer(state: BlueprintSetupState) -> None:
    state.app.extensions["constant_time_answer"] = ConstantTimeAnswer()


@customer.before_request
def record_start() -> None:
    g.started = _constant_time_answer().clock()


@customer.before_request
def require_misses_left() -> None:
    """Raise TooManyRequests if too many codes from this address were unknown."""
    if _typed_code():
        request_limits().require_misses_left(request.remote_addr or "")


@customer.after_request
def forbid_caching(response: Response) -> Response:
    """Prevent caches from storing the response, and search engines from indexing it.

    Successful responses (200) of PUBLIC endpoints are an exception: caches may store them.
    """
    if request.endpoint not in PUBLIC or response.status_code != 200:
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@customer.after_request
def keep_chosen_language(response: Response) -> Response:
    """If the URL's query names a language, store it in a cookie.

    Responses of PUBLIC endpoints, which are the same for everyone, are returned unchanged.
    """
    return response if request.endpoint in PUBLIC else keep_language(response)


@customer.errorhandler(TooManyRequests)
def show_rate_limit(error: TooManyRequests) -> Response:
    """Render the search form (429) with the typed code and the number of seconds to wait."""
    limit, seconds = lookup_limiter.current_limit, 1
    if isinstance(error.retry_after, int):  # the budget of unknown codes
        seconds = error.retry_after
    elif limit is not None:
        seconds = max(1, math.ceil(limit.reset_at - time.time()))
    message = ngettext(
        "Too many attempts. Please try again in a second.",
        "Too many attempts. Please try again in %(num)s seconds.",
        seconds,
    )
    answer = find_page(429, typed=_typed_code(), message=message)
    answer.headers["Retry-After"] = str(seconds)
    return answer


@customer.errorhandler(HTTPException)
def show_error(error: HTTPException) -> Response:
    return error_page(error)


@customer.errorhandler(MistypedShortId)
@customer.errorhandler(NotFound)
def show_miss(error: MistypedShortId | NotFound) -> Response:
    """Render the search form with an error (404) for a mistyped or an unknown code.

    For a mistyped code, the form shows what is wrong and what may have been meant, which follows
    from the text alone. The responses for both take the same time, MISS_SECONDS.
    """
    if isinstance(error, MistypedShortId):
        hint = hint_for(typed := _typed_code())
        answer = find_page(404, typed=typed, message=hint.message, hint=hint)
    else:
        answer = find_page(404, typed=_typed_code(), message=UNKNOWN)
    request_limits().count_misses(request.remote_addr or "")
    request_lock.release()  # other requests continue during the delay
    _constant_time_answer().wait_since(g.started)
    return answer


def _typed_code() -> str:
    return str((request.view_args or {}).get("code") or request.args.get("code", ""))


def find_page(
    status: int = 200, *, typed: str = "", message: str = "", hint: CodeHint | None = None
) -> Response:
    """Render the search form with the look of the org that the URL names, or of the only org.

    `typed` is what the field contains, `message` an error that is translated here, and `hint`
    contains the codes that may have been meant.
    """
    key = request.args.get("org", "")
    org = orgs.find_look_up_page(key)
    set_org_language(org.language if org else None)
    return page(
        "customer/find.html", status, org=org, org_key=key if org and org.key == key else None,
        typed=printable_input(typed), message=_padded(message), length=LENGTH,
        offers=[(code, hint.compared(code)) for code in hint.offers] if hint else [],
    )  # fmt: skip


@customer.app_template_global()
def contact_addresses(org: CustomerPage, subject: str = "") -> list[tuple[str, str, str]]:
    """Return (icon, text, URL) for the org's phone number and e-mail address, if it has them.

    `subject` is the subject of an e-mail.
    """
    phone = [("phone", org.phone, phone_address(org.phone))] if org.phone else []
    email = [("mail", org.email, mail_address(org.email, subject))] if org.email else []
    return phone + email


def page(template: str, status: int = 200, **context: object) -> Response:
    return Response(render_template(template, **context), status, mimetype="text/html")


def printable_input(typed: str) -> str:
    """Return the printable characters among the first MAX_SHOWN characters of the typed text."""
    return "".join(character for character in typed[:MAX_SHOWN] if character.isprintable())


def _padded(message: str) -> str:
    """Return `message` translated; MISTYPED and UNKNOWN padded with spaces to one size in bytes."""
    text = translated(message)
    if message not in {MISTYPED, UNKNOWN}:
        return text
    size = max(_size(gettext(one)) for one in (MISTYPED, UNKNOWN))
    return text + " " * (size - _size(text))


def _size(text: str) -> int:
    return len(str(escape(text)).encode())


def _constant_time_answer() -> ConstantTimeAnswer:
    extension: ConstantTimeAnswer = current_app.extensions["constant_time_answer"]
    return extension
