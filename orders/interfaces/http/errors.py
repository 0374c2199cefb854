"""Error pages for people, and the fragments that htmx shows instead."""

from flask import Response, current_app, render_template, request
from limits.errors import StorageError
from werkzeug.exceptions import HTTPException

from orders.domain.errors import OrderError, ServiceBusy
from orders.domain.texts import Text, lazy_gettext
from orders.interfaces.http.i18n import is_for_customers, language, translated
from orders.interfaces.http.observers import handled_request
from orders.interfaces.http.pages import wants_piece
from orders.services.languages import ENGLISH
from orders.storage.rate_counts import CANNOT_COUNT

NOTHING_SAVED = lazy_gettext("Nothing was saved. Go back and try again.")
# Title and advice by status code, instead of the reason phrases of HTTP.
SENTENCES = {
    400: (lazy_gettext("Incomplete request"), NOTHING_SAVED),
    403: (
        lazy_gettext("Not allowed"),
        lazy_gettext("You don't have permission to do this. Ask an admin."),
    ),
    404: (lazy_gettext("Page not found"), lazy_gettext("Check the link, or look up the order.")),
    405: (
        lazy_gettext("Not supported"),
        lazy_gettext("This page does not support that request. Go back and try again."),
    ),
    413: (
        lazy_gettext("Too large"),
        lazy_gettext("Nothing was saved. Go back and send less at a time."),
    ),
    429: (lazy_gettext("Too many attempts"), lazy_gettext("Please wait a moment, then try again.")),
    500: (
        lazy_gettext("Something went wrong"),
        lazy_gettext("Nothing was saved. Your input is still in the form. Please try again."),
    ),
    503: (
        lazy_gettext("Busy right now"),
        lazy_gettext("Nothing was saved. Please try again in a moment."),
    ),
}
OTHER_TITLE = lazy_gettext("Something went wrong")


def error_page(error: HTTPException) -> Response:
    """Render the page or htmx fragment for an HTTP error, with the error's status and headers."""
    # Its frames would keep the request, and the connection of a body that is refused, until the
    # garbage is collected.
    error.__traceback__ = None
    response = _page(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def busy_page(error: OrderError) -> Response:
    response = _page(503, error.sentence)
    response.headers["Retry-After"] = "1"
    return response


def uncounted_page(error: StorageError) -> Response:
    """Render the page for a request whose limit cannot be checked, because Redis is away."""
    current_app.logger.warning("A request cannot be counted: %s", error)
    return busy_page(ServiceBusy(CANNOT_COUNT))


def _page(status: int, detail: str) -> Response:
    # Descriptions by the framework exist in English only; of a missing page, it says nothing more.
    is_said = isinstance(detail, Text) or (language() == ENGLISH and status != 404)
    detail = translated(detail) if is_said else ""
    title, advice = SENTENCES.get(status, (OTHER_TITLE, detail or NOTHING_SAVED))
    if is_for_customers(request.path):
        template = "customer/error.html"
    else:
        template = "errors/_message.html" if wants_piece() else "errors/error.html"
    texts = {"title": translated(title), "advice": translated(advice), "detail": detail}
    request_id = handled_request().id
    text = render_template(template, status=status, request_id=request_id, **texts)
    response = Response(text, status, mimetype="text/html")
    response.vary.add("HX-Request")
    response.headers["Cache-Control"] = "no-store"
    return response
