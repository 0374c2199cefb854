"""A strict parser for `multipart/form-data`.

Werkzeug's own parser silently reads a malformed body as an empty form, and replaces invalid
characters.
"""

from dataclasses import dataclass

from werkzeug.exceptions import BadRequest
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from orders.domain.texts import Figure, lazy_gettext

MULTIPART = "multipart/form-data"
MAX_PARTS = 1_000  # far more than any configuration has
BROKEN = lazy_gettext("The form cannot be read: its parts are not separated correctly.")
TOO_MANY = lazy_gettext("A form of at most %(most)s parts.", most=Figure(MAX_PARTS))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a `multipart/form-data` body.

    `file_name` is None if the part is a plain field. `content_type` is empty if it was not sent.
    """

    name: str
    file_name: str | None
    content_type: str
    content: bytes


def read_parts(body: bytes, boundary: str) -> list[Part]:
    """Parse a `multipart/form-data` body and return its parts in the order they were sent.

    `boundary` is taken from the Content-Type header. File inputs without a file are left out.
    Raises BadRequest if the boundary is empty or not ASCII, if the body is malformed, or if it has
    more than MAX_PARTS parts.
    """
    if not boundary or not boundary.isascii():
        raise BadRequest(lazy_gettext("A form needs its boundary in the Content-Type."))
    decoder = MultipartDecoder(boundary.encode("ascii"))
    decoder.receive_data(body)
    decoder.receive_data(None)
    parts: list[Part] = []
    begun: Field | File | None = None
    pieces: list[bytes] = []
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, Field | File):
                begun, pieces = event, []
            elif isinstance(event, Data) and begun is not None:
                pieces.append(event.data)
                if not event.more_data:
                    parts.append(_part(begun, b"".join(pieces)))
                    if len(parts) > MAX_PARTS:
                        raise BadRequest(TOO_MANY)
    # The decoder raises AttributeError for a part without its final line break.
    except (ValueError, AttributeError) as error:
        raise BadRequest(BROKEN) from error
    return [part for part in parts if part.file_name != "" or part.content]


def _part(begun: Field | File, content: bytes) -> Part:
    # The decoder returns None for a part without a name, although its types exclude it.
    if not isinstance(begun.name, str):
        raise BadRequest(BROKEN)
    file_name = begun.filename if isinstance(begun, File) else None
    return Part(begun.name, file_name, begun.headers.get("Content-Type", ""), content)
