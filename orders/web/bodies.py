"""Refuses bodies that did not arrive whole, before any view reads them.

The production server hands a cut-off body on as if it were whole: a form that ends in the middle
of a count would place an order for 1 instead of 12.
"""

from urllib.parse import unquote_to_bytes

from flask import request
from werkzeug.exceptions import BadRequest, LengthRequired, RequestEntityTooLarge

from orders.rules.texts import Figure, mark
from orders.rules.uploads import too_many_bytes
from orders.web.current_settings import current_limits

FORM = "application/x-www-form-urlencoded"
# Views that take files; all others stay within MAX_BODY_BYTES.
UPLOADS = {
    "api.create_configuration",
    "staff.import_configurations",
    "staff.upload_orders",
    "staff.change_logo",
}


def allow_uploads() -> None:
    """Let the views that take files have a larger body, of up to MAX_UPLOAD_BYTES."""
    if request.endpoint in UPLOADS and request.mimetype == "multipart/form-data":
        request.max_content_length = current_limits().upload_bytes


def refuse_broken_body() -> None:
    """Read the body and compare it with its announced length.

    Raises BadRequest for a body that ended early or whose form text is not UTF-8, LengthRequired
    for a form or a chunked body without a length, and RequestEntityTooLarge for one that is over
    MAX_BODY_BYTES, or over MAX_UPLOAD_BYTES where files are taken.
    """
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    announced = request.content_length
    kind = request.mimetype
    is_form = kind in {FORM, "multipart/form-data"}
    if announced is None and (is_form or "Transfer-Encoding" in request.headers):
        # The server hands broken chunks on as a whole body too.
        raise LengthRequired(
            mark("A body needs a Content-Length, so that a cut-off one is noticed.")
        )
    most = request.max_content_length
    if most is not None and announced is not None and announced > most:
        raise RequestEntityTooLarge(too_many_bytes(most, announced))
    body = request.get_data(cache=True, parse_form_data=False)
    if announced is not None and len(body) != announced:
        raise BadRequest(
            mark(
                "The body ended early: %(announced)s bytes were announced, %(arrived)s arrived.",
                announced=Figure(announced),
                arrived=Figure(len(body)),
            )
        )
    if kind == FORM:
        # Werkzeug would replace broken text by question marks without a word.
        try:
            unquote_to_bytes(body).decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest(mark("The form's text is not UTF-8.")) from error
