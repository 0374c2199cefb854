"""Reads request bodies completely or not at all, for the API and the pages.

A server may pass on a body that was cut off as if it were complete: a form that ends in the middle
of a count would place an order for 1 instead of 12.
"""

import zlib
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import request as flask_request
from werkzeug.exceptions import (
    BadRequest,
    LengthRequired,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.wrappers import Request

from orders.domain.texts import Figure, lazy_gettext
from orders.domain.uploads import too_many_bytes
from orders.interfaces.http.admission import SAFE_METHODS, most_fields
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.multipart import BROKEN

FORM = "application/x-www-form-urlencoded"
# The values of `Content-Encoding` that are unpacked, with zlib's `wbits` (RFC 9110, 8.4.1). Some
# clients send deflate without zlib's header.
CODINGS = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
# Views that take files; all others stay within MAX_BODY_BYTES.
UPLOADS = {
    *("desk.import_configurations", "desk.upload_orders", "desk.change_logo"),
    *("desk.new_configuration", "desk.edit_configuration"),
}


class UnknownCoding(UnsupportedMediaType):
    """A 415 for a body whose `Content-Encoding` is unknown; its headers name the known ones."""

    def get_headers(self, *context: Any) -> list[tuple[str, str]]:  # noqa: ANN401 - Werkzeug's own
        """Return the response headers, including `Accept-Encoding` (RFC 9110, 12.5.3)."""
        return [*super().get_headers(*context), ("Accept-Encoding", "gzip, deflate")]


def read_body_of_page() -> None:
    """Read and check the request's body before any code uses its form (a `before_request` hook).

    The body stays in the request, where `request.form` finds it. It may have up to MAX_BODY_BYTES,
    and for the views in UPLOADS up to MAX_UPLOAD_BYTES. Raises what `read_body` raises, and
    RequestEntityTooLarge for a form with more fields than `most_fields` returns, and BadRequest for
    one with a part that has no name.
    """
    if flask_request.method in SAFE_METHODS:
        return
    flask_request.max_form_parts = most = most_fields()
    if flask_request.endpoint in UPLOADS and flask_request.mimetype == "multipart/form-data":
        flask_request.max_content_length = current_limits().upload_bytes
    read_body(flask_request)
    # Of multipart forms, the parser counts the fields.
    if flask_request.mimetype == FORM:
        count = flask_request.get_data(parse_form_data=False).count(b"&") + 1
        if count > most:
            raise RequestEntityTooLarge(
                lazy_gettext(
                    "At most %(most)s fields; this form has %(count)s.",
                    most=Figure(most),
                    count=Figure(count),
                )
            )
    # Its parser accepts parts without a name, and nothing that reads a form expects those.
    elif None in {*flask_request.form, *flask_request.files}:
        raise BadRequest(BROKEN)


def read_body(request: Request) -> None:
    """Read the body into the request's cache, and check that all of it has arrived.

    A body in gzip or deflate is decompressed. Raises BadRequest if the body ended early or the text
    of a form is not UTF-8; LengthRequired if a form or a chunked body has no length;
    RequestEntityTooLarge if the body exceeds the request's `max_content_length`, before or after
    decompression; and UnknownCoding for any other `Content-Encoding`.
    """
    if request.method in SAFE_METHODS:
        return
    announced = request.content_length
    kind = request.mimetype
    is_form = kind in {FORM, "multipart/form-data"}
    if announced is None and (is_form or "Transfer-Encoding" in request.headers):
        # A server may hand on broken chunks as a whole body too.
        raise LengthRequired(
            lazy_gettext("Send a Content-Length with the body, to detect incomplete requests.")
        )
    most = request.max_content_length
    if most is not None and announced is not None and announced > most:
        raise RequestEntityTooLarge(too_many_bytes(most, announced))
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    body = request.get_data(cache=coding == "identity", parse_form_data=False)
    if announced is not None and len(body) != announced:
        raise ended_early(announced, len(body))
    if coding != "identity":
        body = unpack(body, coding, most)
        # What parses the body next, as JSON or as a form, finds it as if it had been sent plain.
        request.environ["CONTENT_LENGTH"] = str(len(body))
        request.environ["wsgi.input"] = BytesIO(body)
        del request.environ["HTTP_CONTENT_ENCODING"], request.stream
    if kind == FORM:
        # Werkzeug would silently replace broken text by question marks.
        try:
            unquote_to_bytes(body).decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest(lazy_gettext("The form's text is not UTF-8.")) from error


def ended_early(announced: int | None, arrived: int) -> BadRequest:
    """Return the error for a body of which only `arrived` bytes arrived.

    `announced` is its Content-Length, or None for a chunked body.
    """
    if announced is None:
        return BadRequest(lazy_gettext("The body ended early, or its chunks are broken."))
    return BadRequest(
        lazy_gettext(
            "The body ended early: %(announced)s bytes were announced, %(arrived)s arrived.",
            announced=Figure(announced),
            arrived=Figure(arrived),
        )
    )


def unpack(body: bytes, coding: str, most: int | None) -> bytes:
    """Return the decompressed bytes of a body whose `Content-Encoding` is `coding`.

    Raises UnknownCoding unless `coding` is gzip or deflate, RequestEntityTooLarge if the result has
    more than `most` bytes (None means no limit), and BadRequest unless the body is exactly one
    complete stream.
    """
    if coding not in CODINGS:
        raise UnknownCoding(
            lazy_gettext("Send the body plain, or with Content-Encoding: gzip or deflate.")
        )
    for wbits in CODINGS[coding]:
        stream = zlib.decompressobj(wbits)
        try:
            plain = stream.decompress(body, 0 if most is None else most + 1)
        except zlib.error:
            continue
        if most is not None and len(plain) > most:
            raise RequestEntityTooLarge(
                lazy_gettext("At most %(most)s bytes when it is unpacked.", most=Figure(most))
            )
        if stream.eof and not stream.unused_data:
            return plain
    raise BadRequest(
        lazy_gettext(
            "The body is not complete in the format that Content-Encoding names: %(coding)s.",
            coding=coding,
        )
    )
