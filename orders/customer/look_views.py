"""An org's colour and logo, as the customers' pages and the settings' preview load them.

Their addresses name what they are and not whose: the colour itself, the hash of the logo. So they
may be kept by anybody for ever, and tell nothing of the org.
"""

from flask import Response
from werkzeug.exceptions import NotFound as NoPage

from orders import administration
from orders.catalogue.configuration_queries import StoredFile
from orders.customer.blueprint import customer
from orders.rules.colours import look_of, read_colour, style_sheet
from orders.rules.errors import NotFound
from orders.rules.texts import mark
from orders.web.assets import FOR_EVER
from orders.web.downloads import send_stored


@customer.get("/o/look/<colour>.css")
def show_look(colour: str) -> Response:
    """Give the colour, six digits, as tokens for the whole page."""
    return _sheet(colour, ":root")


@customer.get("/o/look/<colour>/preview.css")
def show_preview(colour: str) -> Response:
    """Give the same tokens for the preview in the settings alone."""
    return _sheet(colour, ".preview")


@customer.get("/o/logo/<sha256>")
def show_logo(sha256: str) -> Response:
    """Show the logo whose content has this hash."""
    try:
        logo = administration.find_logo(sha256)
        file = StoredFile("logo", "logo", logo.content_type, 0, logo.sha256, logo.stored_as)
        answer = send_stored(file)
    except NotFound as error:
        raise NoPage(error.sentence) from error
    answer.headers["Cache-Control"] = FOR_EVER
    return answer


def _sheet(colour: str, selector: str) -> Response:
    brand = read_colour(colour)
    if brand != f"#{colour}":
        raise NoPage(mark("A colour of six digits."))
    sheet = style_sheet(look_of(brand), selector)
    return Response(sheet, mimetype="text/css", headers={"Cache-Control": FOR_EVER})
