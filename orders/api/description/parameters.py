"""Parameters that several operations share."""

from collections.abc import Collection

from orders.api.description.parts import Parameter
from orders.api.query import DEFAULT_SORT, MAX_TEXT
from orders.rules.fields import EXAMPLE_ORG_ID, NO_NUL
from orders.storage.pages import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE

ORG_ID = Parameter(
    "orgId",
    "query",
    "The org of the token. It need not be sent; another one is refused with 403.",
    {"type": "string", "format": "org-id"},
    EXAMPLE_ORG_ID,
)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "Makes the request safe to repeat: within a day the same key and content get the first answer "
    "again, with `Idempotent-Replayed: true`, and change nothing. With other content it is 422. "
    "A fresh UUID for each thing to do is a good key.",
    {"type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    "0f4ae8f6-7a41-4c0b-9b26-9d2a8e7b1c55",
)
IF_MATCH = Parameter(
    "If-Match",
    "header",
    "Only when it is still this version: the `ETag` of an earlier answer. Otherwise 412, and "
    "nothing is changed.",
    {"type": "string", "format": "entity-tags"},
    '"1"',
)
IF_NONE_MATCH = Parameter(
    "If-None-Match",
    "header",
    "Only when it is another version by now: the `ETag` of an earlier answer. Otherwise 304.",
    {"type": "string", "format": "entity-tags"},
    '"1"',
)


def text_filter(name: str, description: str, example: str) -> Parameter:
    """Give a filter by a text that must be equal, letter by letter."""
    schema = {"type": "string", "maxLength": MAX_TEXT, "pattern": NO_NUL}
    return Parameter(name, "query", description, schema, example)


def time_filter(name: str, description: str) -> Parameter:
    """Give a filter by a time or a whole day."""
    schema = {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
    return Parameter(name, "query", description, schema, "2026-11-24")


CREATED = (
    time_filter("createdFrom", "Made at this time or later; a day alone begins at midnight, UTC."),
    time_filter("createdTo", "Made at this time or earlier; a day alone is meant whole."),
)


def paging(sortable: Collection[str]) -> tuple[Parameter, ...]:
    """Give the parameters of a list in pages that can be sorted by these fields."""
    orders = [sign + name for name in sortable for sign in ("", "-")]
    return (
        Parameter(
            "page",
            "query",
            "Which page, from 1.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1},
            1,
        ),
        Parameter(
            "perPage",
            "query",
            "How many entries a page has.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE, "default": DEFAULT_PER_PAGE},
            DEFAULT_PER_PAGE,
        ),
        Parameter(
            "sort",
            "query",
            "The field to sort by; `-` in front turns it around. What has no value comes last.",
            {"type": "string", "enum": orders, "default": DEFAULT_SORT},
            DEFAULT_SORT,
        ),
    )
