"""Error pages for people, and the fragments that htmx shows instead."""

from flask import Response, render_template, request
from werkzeug.exceptions import HTTPException

from orders.languages import ENGLISH
from orders.rules.errors import OrderError
from orders.rules.texts import Text, mark
from orders.web.language import is_for_customers, language, translated
from orders.web.pages import wants_piece

NOTHING_SAVED = mark("Nothing was saved. Go back and send it again.")
# Title and advice by status code, instead of the reason phrases of HTTP.
SENTENCES = {
    400: (
        mark("That did not arrive whole"),
        NOTHING_SAVED,
    ),
    403: (mark("Not allowed"), mark("Your account may not do this.")),
    404: (
        mark("Not found"),
        mark("There is nothing at this address. Check the link, or look the order up."),
    ),
    405: (mark("Not possible here"), mark("This address does not take that kind of request.")),
    413: (mark("Too large"), mark("Nothing was saved. Go back and send less at once.")),
    429: (mark("Too many tries"), mark("Please wait a moment, then try again.")),
    500: (
        mark("Something broke"),
        mark("Nothing was saved. Try again; what you typed is still in the form."),
    ),
    503: (mark("Busy right now"), mark("Nothing was saved. Please try again in a moment.")),
}
OTHERWISE = mark("That did not work")


def error_page(error: HTTPException) -> Response:
    """Render the page for an HTTP error; its headers (`Allow`, `Retry-After`) are kept."""
    response = _page(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def busy_page(error: OrderError) -> Response:
    """Render the page for a database that cannot be reached."""
    response = _page(503, error.sentence)
    response.headers["Retry-After"] = "1"
    return response


def _page(status: int, detail: str) -> Response:
    # Descriptions by the framework exist in English only.
    detail = translated(detail) if isinstance(detail, Text) or language() == ENGLISH else ""
    title, advice = SENTENCES.get(status, (OTHERWISE, detail or NOTHING_SAVED))
    text = render_template(
        _template(),
        status=status,
        title=translated(title),
        advice=translated(advice),
        detail=detail,
    )
    response = Response(text, status, mimetype="text/html")
    response.vary.add("HX-Request")
    response.headers["Cache-Control"] = "no-store"
    return response


def _template() -> str:
    if is_for_customers(request.path):
        return "customer/error.html"
    return "errors/_message.html" if wants_piece() else "errors/error.html"
