"""The filters of the list of orders."""

from functools import partial
from typing import Any

from orders.domain.fields import CONFIGURATION_ID_PATTERN, EXAMPLE_CONFIGURATION_ID, EXAMPLE_ORG_ID
from orders.domain.normalization import is_number, number_text
from orders.domain.status import Status
from orders.interfaces.api import parameters
from orders.interfaces.api.query import Query
from orders.interfaces.api.schemas import SCHEMAS, SHORT_ID


def _read_platform(query: Query, name: str) -> dict[str, Any]:
    """Return the query parameter `platform` as an object; convert a number in `id` to text."""
    found = query.members(name)
    if is_number(found.get("id")):
        found["id"] = number_text(found["id"])
    return found


FILTERS = (
    parameters.query_filter(
        "shortId",
        "short_ids",
        Query.short_ids,
        "Orders with these short IDs, as people type them. A mistyped one is 422.",
        {"type": "array", "items": {"type": "string", "format": "order-code"}},
        [SHORT_ID],
    ),
    parameters.text_filter(
        "originOrgId", "origin_org_id", "Orders with this `originOrgId`.", EXAMPLE_ORG_ID
    ),
    parameters.query_filter(
        "platform",
        "platform",
        _read_platform,
        "Keys of `platform` with their values, as JSON text; null means no value. An order "
        "matches if every key has this value.",
        parameters.MEMBERS_SCHEMA,
        {"id": "5001"},
        is_json=True,
        members=("id", "storeName"),
    ),
    parameters.text_filter("customerId", "customer_id", "Orders of this customer.", "C-1042"),
    parameters.query_filter(
        "status",
        "statuses",
        partial(Query.choices, known=tuple(Status)),
        "Orders with one of these statuses.",
        {"type": "array", "items": {"$ref": f"{SCHEMAS}Status"}},
        ["New", "In Progress"],
    ),
    parameters.text_filter("name", "name", "Orders with exactly this name.", "Reception"),
    parameters.query_filter(
        "canceled",
        "is_canceled",
        Query.boolean,
        "With `true` only canceled orders, with `false` only others.",
        {"type": "boolean"},
        False,
    ),
    *parameters.PERIODS,
    parameters.query_filter(
        "configurationId",
        "configuration_id",
        Query.configuration_id,
        "Orders with a line of this configuration: a UUID or a short ID.",
        {"type": "string", "pattern": CONFIGURATION_ID_PATTERN},
        EXAMPLE_CONFIGURATION_ID,
    ),
)
