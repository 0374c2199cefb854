"""What schemathesis must know of our formats, loaded by it through SCHEMATHESIS_HOOKS.

A document cannot say which configurations are saved or which org a token is of. Without these
strategies nearly every generated order would be refused for that alone, with 422 or 403, and
nothing behind it would be tried.
"""

import json
import os
from typing import Any

import schemathesis
from hypothesis import strategies as st

from orders.rules.fields import EXAMPLE_ORG_ID

ORG_ID = os.environ["FUZZ_ORG_ID"]
# Short IDs of configurations that are saved; any other one is refused, whatever it looks like.
SAVED: list[str] = json.loads(os.environ["FUZZ_SAVED"])

schemathesis.openapi.format("org-id", st.just(ORG_ID))
schemathesis.openapi.format(
    "configuration-id", st.one_of(st.uuids().map(str), *map(st.just, SAVED))
)


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:  # noqa: ANN401 - schemathesis' own
    """Let the examples speak of the org of the token: one of another org is 403."""
    text = json.dumps(raw_schema).replace(EXAMPLE_ORG_ID, ORG_ID)
    raw_schema.clear()
    raw_schema.update(json.loads(text))
