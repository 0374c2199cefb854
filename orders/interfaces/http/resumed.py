"""What was typed into a form that cannot be handled now, in one field of the page that answers.

A sign-in page sends it along while a person is signed out. The text is about as long as the form
was on the wire, so that no small request is answered with a large page.
"""

from collections.abc import Collection, Iterable
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

from flask import request

# Names and values of the fields of a form.
ResumedForm: TypeAlias = list[tuple[str, str]]

RESUMED = "resumed"  # a sign-in form's field, with an order form that is continued afterwards
# Characters of the text, and fields in it: an order with hundreds of lines.
MOST_TEXT = 262_144
MOST_FIELDS = 10_000
SMALL_TEXT = 24_576  # a text that every page may have
PAGE = 40_960  # bytes of a page without it


def pack(fields: Iterable[tuple[str, str]]) -> str:
    """Return fields as one text: URL-encoded, with spaces between them."""
    return urlencode(list(fields)).replace("&", " ")


def fits_on_page(text: str) -> bool:
    """Return whether the page that answers the current request may have a packed form.

    It must not make the page much larger than the request was.
    """
    length = request.content_length or 0
    return len(text) <= min(MOST_TEXT, max(SMALL_TEXT, 2 * length - PAGE))


def unpack(text: str) -> ResumedForm:
    """Return the fields in a text that `pack` returned; no fields if the text is too long.

    Any other text gives some fields too, at most MOST_FIELDS.
    """
    if len(text) > MOST_TEXT or text.count(" ") + text.count("&") >= MOST_FIELDS:
        return []
    return parse_qsl("&".join(text.split()), keep_blank_values=True)


def sent_fields(*, but: Collection[str] = ()) -> ResumedForm:
    """Return (name, value) for each field of the current request's form, without those in `but`."""
    return [pair for pair in request.form.items(multi=True) if pair[0] not in but]
