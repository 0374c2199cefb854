"""Declarations of endpoint parameters, including those that several endpoints share."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from orders.domain.fields import NO_NUL, NUMBER
from orders.interfaces.api.query import DEFAULT_SORT, MAX_TEXT, Query
from orders.storage.pages import DEFAULT_PER_PAGE, MAX_PAGE, MAX_PER_PAGE


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an endpoint; `place` is `path`, `query` or `header`.

    `schema` is a JSON Schema. `example` is None if no value works for everyone without changing the
    response. With `is_json`, the value is sent as JSON text. Filters of a list have `read`, which
    returns the filter's value from the query, and `keyword`, the filter's name in `Call.filters`.
    `pattern` is the regular expression that a path parameter must match. `members` are keys of a
    JSON value that clients may wrongly send as separate parameters; these are refused with advice.
    """

    name: str
    place: str
    description: str
    schema: Mapping[str, Any]
    example: Any = None
    required: bool = False
    is_json: bool = False
    keyword: str = ""
    read: Callable[[Query], Any] | None = None
    pattern: str = "[^/]+"
    members: tuple[str, ...] = ()


ORG_ID = Parameter(
    "orgId",
    "query",
    "The org of the token. Optional; any other org is refused with 403.",
    {"type": "string", "format": "org-id"},
)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    "Makes the request safe to repeat: within 24 hours the same key and content get the first "
    "response again, with `Idempotent-Replayed: true`, and change nothing. The same key with other "
    "content is 422. A new UUID for each operation is a good key.",
    {"type": "string", "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
)
IF_MATCH = Parameter(
    "If-Match",
    "header",
    "The `ETag` of an earlier response. If the stored version is a different one, the response "
    "is 412 and nothing changes.",
    {"type": "string", "format": "entity-tags"},
)
IF_NONE_MATCH = Parameter(
    "If-None-Match",
    "header",
    "The `ETag` of an earlier response. If the stored version is the same, the response is 304.",
    {"type": "string", "format": "entity-tags"},
)
CUSTOMER_ID = Parameter(
    "Customer-Id",
    "header",
    "The customer's ID, for public tokens in an org that asks customers for it: with it they read "
    "what the customer's page shows of an order of another token. Percent-encoded like a part of "
    "an address (`encodeURIComponent`). Each use counts as one of the order's ten tries an hour; "
    "the right ID gives them back. Private tokens do not need it.",
    {"type": "string", "maxLength": 1000},
)


EXAMPLE_CURSOR = "WyItY3JlYXRlZEF0IiwiMjAyNi0xMS0yNFQwOTozMDowMCswMDowMCIsIjEiXQ"
# Keys of an object with the values that they must have.
MEMBERS_SCHEMA = {
    "type": "object",
    "propertyNames": {"pattern": NO_NUL},
    "additionalProperties": {
        "anyOf": [{"type": "string", "pattern": NO_NUL}, NUMBER, {"type": ["boolean", "null"]}]
    },
}


def path_parameter(
    name: str, description: str, example: str, *, kind: str = "", pattern: str = "[^/]+"
) -> Parameter:
    """Return a required path parameter.

    `kind` is the `format` in the JSON Schema; if it is empty, there is none. `pattern` is a regular
    expression that values must match.
    """
    schema = {"type": "string", "minLength": 1, **({"format": kind} if kind else {})}
    return Parameter(name, "path", description, schema, example, required=True, pattern=pattern)


def query_filter(
    name: str, keyword: str, read: Callable[[Query, str], Any],
    description: str, schema: Mapping[str, Any], example: object, *, is_json: bool = False,
    members: tuple[str, ...] = (),
) -> Parameter:  # fmt: skip
    """Return a filter of a list, which is sent as the query parameter `name`.

    `read` is called with the query and `name`, and its result is stored in `Call.filters` under
    `keyword`. With `is_json`, the value is sent as JSON text. For `members`, see Parameter.
    """
    return Parameter(
        name, "query", description, schema, example,
        is_json=is_json, keyword=keyword, read=lambda query: read(query, name), members=members,
    )  # fmt: skip


def text_filter(name: str, keyword: str, description: str, example: str) -> Parameter:
    """Return a filter of a list that finds entries with exactly the given text."""
    schema = {"type": "string", "maxLength": MAX_TEXT, "pattern": NO_NUL}
    return query_filter(name, keyword, Query.text, description, schema, example)


def time_filter(
    name: str, keyword: str, read: Callable[[Query, str], Any], description: str
) -> Parameter:
    """Return a filter of a list by a time or a whole day.

    `read` is the function that reads its value from the query, such as `Query.moment`.
    """
    schema = {"type": "string", "format": "date-or-time"}
    return query_filter(name, keyword, read, description, schema, "2026-11-24")


def _period(name: str, verb: str) -> tuple[Parameter, Parameter]:
    """Return the time filters `{name}From` and `{name}To`.

    Their descriptions begin with `verb`, such as "Created".
    """
    start, end = Query.moment, partial(Query.moment, is_end=True)
    since = f"{verb} at this time or later. A date without a time begins at midnight UTC."
    until = f"{verb} at this time or earlier. A date without a time includes the whole day."
    return (
        time_filter(f"{name}From", f"{name}_from", start, since),
        time_filter(f"{name}To", f"{name}_to", end, until),
    )


CHANGED_PERIOD = _period("updated", "Changed last")
PERIODS = (*_period("created", "Created"), *CHANGED_PERIOD)
FULL_CONFIGURATION = Parameter(
    "fullConfiguration",
    "query",
    "With `true` each line has the saved configuration that it names as `configuration`, or null.",
    {"type": "boolean", "default": False},
    True,
)


def paging_parameters(sortable: Collection[str]) -> tuple[Parameter, ...]:
    """Return the parameters `page`, `perPage`, `sort` and `after`.

    `sortable` are the JSON names of the fields by which the list can be sorted.
    """
    orders = [sign + name for name in sortable for sign in ("", "-")]
    return (
        Parameter(
            "page",
            "query",
            "The number of the page, starting at 1, which is the first and the default.",
            # Without `default`: generated clients send it, and `after` goes with no page.
            {"type": "integer", "minimum": 1, "maximum": MAX_PAGE},
            1,
        ),
        Parameter(
            "perPage",
            "query",
            "The number of entries on a page.",
            {"type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE, "default": DEFAULT_PER_PAGE},
            DEFAULT_PER_PAGE,
        ),
        Parameter(
            "sort",
            "query",
            "The field to sort by, with `-` in front for descending order. Entries without a value "
            "come last.",
            {"type": "string", "enum": orders, "default": DEFAULT_SORT},
            DEFAULT_SORT,
        ),
        Parameter(
            "after",
            "query",
            "Continue after the page that has this `next`, with the same filters and `sort`; in "
            "place of `page`.",
            {"type": "string", "format": "cursor"},
        ),
    )
