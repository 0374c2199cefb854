"""What schemathesis must know about our formats; it loads this module through SCHEMATHESIS_HOOKS.

A document cannot say which orders and configurations there are, nor of which org a token is.
Without the strategies below nearly every generated request would be refused for that alone, by
404, 403 or 422, and nothing behind it would be tried.
"""

import json
import os
import random
import re
import secrets
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import schemathesis
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    use_after_free,
)

from orders.domain import short_id
from orders.domain.cancellation import OrderCanceled
from orders.domain.fields import EXAMPLE_ORG_ID
from orders.domain.identifiers import is_short_id
from orders.domain.schema import missing_line
from orders.domain.status import Status
from orders.interfaces.api.parameters import EXAMPLE_CURSOR
from orders.interfaces.api.schemas import SHORT_ID
from orders.services.catalog import products
from orders.services.idempotency import KEY_HEADER
from orders.storage.pages import NOT_A_CURSOR
from tests.exact_document import exact

ORG_ID = os.environ["FUZZ_ORG_ID"]
# Short IDs of configurations that are saved; any other one is refused, whatever it looks like.
SAVED: list[str] = json.loads(os.environ["FUZZ_SAVED"])
# Orders of several states, by ID and by short ID.
ORDERS: list[str] = json.loads(os.environ["FUZZ_ORDERS"])

schemathesis.openapi.format("org-id", st.just(ORG_ID))
schemathesis.openapi.format(
    "configuration-id", st.one_of(st.uuids().map(str), st.sampled_from(SAVED))
)
schemathesis.openapi.format(
    "configuration-reference", st.one_of(st.sampled_from(SAVED), st.uuids().map(str))
)
schemathesis.openapi.format("file-key", st.sampled_from(["drawing", "thumbnail", "nothing", "ü/é"]))
schemathesis.openapi.format("picture-name", st.from_regex("[A-Za-z0-9_-]{32}", fullmatch=True))
schemathesis.openapi.format(
    "order-reference", st.one_of(st.sampled_from(ORDERS), st.uuids().map(str))
)
schemathesis.openapi.format(
    "order-code",
    st.builds(lambda seed: short_id.generate(random.Random(seed).getrandbits), st.integers()),  # noqa: S311 - no secrets
)
schemathesis.openapi.format(
    "entity-tags", st.sampled_from(["*", '"1"', '"1", "2"', 'W/"1"', '"999"'])
)
schemathesis.openapi.format("cursor", st.just(EXAMPLE_CURSOR))
# A customer has at most one record: each ID is used once.
schemathesis.openapi.format("customer-id", st.uuids().map(lambda own: f"C/{own}"))
schemathesis.openapi.format("customer-reference", st.uuids().map(lambda own: f"C/{own}"))
schemathesis.openapi.format(
    "mail-address", st.from_regex(r"[a-z0-9.+-]{1,20}@[a-z0-9]{1,20}\.example", fullmatch=True)
)
schemathesis.openapi.format("country-code", st.sampled_from(["AT", "DE", "de", "US"]))
# Nobody is at such an address: what is sent to one fails at once.
schemathesis.openapi.format(
    "webhook-address",
    st.from_regex(r"https?://[a-z0-9-]{1,20}[a-z0-9]\.invalid(:[1-9][0-9]{0,3})?(/[a-z0-9?=&.]{0,30})?",
                  fullmatch=True).filter(lambda address: "//-" not in address),
)  # fmt: skip


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:  # noqa: ANN401 - schemathesis' own
    """Let the examples speak of the org of the token, and of an order that is there as it is.

    All forms that are accepted are sent. The token is in a header: beside it, any other one that is
    generated for `bearer_token` would be a second one, and the request refused.
    """
    text = json.dumps(exact(raw_schema))
    text = text.replace(EXAMPLE_ORG_ID, ORG_ID).replace(SHORT_ID, ORDERS[0])
    raw_schema.clear()
    raw_schema.update(json.loads(text))
    for path in raw_schema["paths"].values():
        for operation in path.values():
            operation["parameters"] = [
                one for one in operation.get("parameters", ()) if one["name"] != "bearer_token"
            ]
            for parameter in operation["parameters"]:
                if parameter["name"] == "If-Match":
                    parameter["example"] = "*"
                elif parameter.get("schema", {}).get("format") == "configuration-reference":
                    parameter["example"] = SAVED[0]
    _let_ways_begin_where_things_are_made(raw_schema["paths"])


def _let_ways_begin_where_things_are_made(paths: dict[str, Any]) -> None:
    """Hand the links of each DELETE over to the operation that links to it.

    A way that begins with a DELETE finds what earlier ones have left, so that the same step is
    answered differently when it is repeated; hypothesis then ends the phase long before its time.
    """
    operations = [one for path in paths.values() for one in path.values()]
    answers = [answer for one in operations for answer in one["responses"].values()]
    for path in paths.values():
        for answer in path.get("delete", {}).get("responses", {}).values():
            onward = answer.pop("links", {})
            for other in answers:
                leads_here = (link["operationId"] for link in other.get("links", {}).values())
                if path["delete"]["operationId"] in leads_here:
                    other["links"] |= onward


_KEY = re.compile("[!-~]([ -~]{0,253}[!-~])?")
_sent: dict[str, str] = {}
_taken: set[str] = set()


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:  # noqa: ANN401 - schemathesis' own
    """Keep what is sent from being refused for what was sent before.

    The same key with other content is refused, as it should be, and gets a fresh one; real repeats
    and invalid keys are sent as they are. So does a short ID that a client uses for a second
    configuration. Once the order of the examples is in the bin, every request for it is 404, and
    once it is canceled, many are 409: another order is binned or canceled.
    """
    if isinstance(case.body, dict) and case.path == "/api/configurations":
        own = case.body.get("shortId")
        if isinstance(own, str) and is_short_id(own) and own in _taken:
            case.body["shortId"] = secrets.token_urlsafe(9)
        _taken.add(own if isinstance(own, str) else "")
    is_ending = case.method == "DELETE" or case.path.endswith("/cancel")
    if is_ending and case.path_parameters.get("reference") == ORDERS[0]:
        case.path_parameters["reference"] = random.choice(ORDERS[2:])  # noqa: S311 - no secrets
    key = case.headers.get(KEY_HEADER)
    if isinstance(key, str) and _KEY.fullmatch(key):
        content = repr((case.method, case.path, case.path_parameters, case.body))
        if _sent.setdefault(key, content) != content:
            case.headers[KEY_HEADER] = str(uuid.uuid4())


# Refusals of valid requests that only what is stored decides; no schema can say them.
DECIDED_BY_WHAT_IS_STORED = re.compile(
    "|".join(
        (
            *(re.escape(missing_line(status)) for status in Status),
            re.escape(products.UNKNOWN_SENTENCE),
            # Of an earlier campaign; within one, `before_call` sees to it.
            re.escape(
                "This key was already used for a different request. Use a new key for a "
                "new request."
            ),
            # A cursor belongs to one list and sort, and goes with no page.
            re.escape(str(NOT_A_CURSOR)),
            re.escape("Send either page or after."),
            r"At most 1,000 lines; with these it would have [0-9,]+\.",
        )
    )
)


def _has_large_float(value: object) -> bool:
    if isinstance(value, dict):
        return any(_has_large_float(one) for one in value.values())
    if isinstance(value, list):
        return any(_has_large_float(one) for one in value)
    return isinstance(value, float) and abs(value) >= 2**63


def _is_form(case: Any) -> bool:  # noqa: ANN401 - schemathesis' own
    return bool(case.media_type == "multipart/form-data")


@schemathesis.check
def positive_data_acceptance_given_what_is_stored(ctx: Any, response: Any, case: Any) -> None:  # noqa: ANN401 - schemathesis' own
    """Check as `positive_data_acceptance` does, but let pass what only the stored data decides.

    412 answers a well-formed `If-Match`, and 409 a change of a canceled order; a 422 passes only
    when each of its errors is one of DECIDED_BY_WHAT_IS_STORED. No schema can say either which
    content a file of a type must have: tests/api/test_configuration_forms.py checks which forms are
    accepted.
    """
    if _is_form(case):
        return
    if response.status_code == 412 and "If-Match" in case.headers:
        return
    if response.status_code == 409 and response.json()["detail"] == str(OrderCanceled()):
        return
    if response.status_code == 422:
        messages = [error["message"] for error in response.json().get("errors", [])]
        if messages and all(map(DECIDED_BY_WHAT_IS_STORED.fullmatch, messages)):
            return
    positive_data_acceptance(ctx, response, case)


@schemathesis.check
def negative_data_rejection_of_what_is_wrong(ctx: Any, response: Any, case: Any) -> None:  # noqa: ANN401 - schemathesis' own
    """Check as `negative_data_rejection` does; an empty query parameter counts as not sent.

    In a form everything is text, so that a number in the place of a text is none when it arrives.
    """
    if _is_form(case):
        return
    # A version that does not match is refused before the body is looked at.
    if response.status_code == 412:
        return
    # A float beyond 64 bits is stored as it is. JSON Schema cannot distinguish 1e300 from the
    # equal whole number, which is refused: the document describes the stricter rule.
    if response.status_code < 300 and _has_large_float(case.body):
        return
    sent = parse_qs(urlsplit(response.request.url).query, keep_blank_values=True)
    if response.status_code == 200 and any("" in values for values in sent.values()):
        return
    negative_data_rejection(ctx, response, case)


@schemathesis.check
def use_after_free_unless_restored(ctx: Any, response: Any, case: Any) -> None:  # noqa: ANN401 - schemathesis' own
    """Check as `use_after_free` does, which does not know that things come back out of the bin."""
    restored = False
    for earlier in ctx.internals.find_all_cases():
        answer = ctx.internals.find_response(case_id=earlier.id)
        if answer is None or answer.status_code != 200 or not _is_of(earlier, case):
            continue
        if earlier.path.endswith("/restore"):
            restored = True
        elif earlier.method == "DELETE":
            restored = False
    if not restored:
        use_after_free(ctx, response, case)


def _is_of(earlier: Any, case: Any) -> bool:  # noqa: ANN401 - schemathesis' own
    """Return whether an earlier request was for the same resource."""
    mine = (case.path_parameters or {}).values()
    return any(value in mine for value in (earlier.path_parameters or {}).values())
