"""Error pages for people, and what htmx shows in their place."""

from flask import Response, render_template
from werkzeug.exceptions import HTTPException

from orders.rules.errors import OrderError
from orders.web.pages import wants_piece

# What people can do about it, in place of the protocol's own words.
SENTENCES = {
    400: ("That did not arrive whole", "Nothing was saved. Go back and send it again."),
    403: ("Not allowed", "Your account may not do this."),
    404: ("Not found", "There is nothing at this address. Check the link, or look the order up."),
    405: ("Not possible here", "This address does not take that kind of request."),
    413: ("Too large", "Nothing was saved. Go back and send less at once."),
    429: ("Too many tries", "Please wait a moment, then try again."),
    500: ("Something broke", "Nothing was saved. Try again; what you typed is still in the form."),
    503: ("Busy right now", "Nothing was saved. Please try again in a moment."),
}


def error_page(error: HTTPException) -> Response:
    """Draw the page for a protocol error; its headers (`Allow`, `Retry-After`) stay."""
    response = _page(error.code or 500, error.description or "")
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


def busy_page(error: OrderError) -> Response:
    """Draw the page for a database that cannot be reached."""
    response = _page(503, str(error))
    response.headers["Retry-After"] = "1"
    return response


def _page(status: int, detail: str) -> Response:
    title, advice = SENTENCES.get(status, ("That did not work", detail))
    template = "errors/_message.html" if wants_piece() else "errors/error.html"
    text = render_template(template, status=status, title=title, advice=advice, detail=detail)
    response = Response(text, status, mimetype="text/html")
    response.vary.add("HX-Request")
    response.headers["Cache-Control"] = "no-store"
    return response
