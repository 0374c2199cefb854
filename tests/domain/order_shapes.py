"""Valid orders of every shape, as they are sent, and helpers to read their errors."""

from typing import Any

from hypothesis import strategies as st

from orders.domain.inputs import Limits
from orders.domain.order import OrderDraft
from orders.domain.schema import shape_errors
from orders.domain.status import Status
from tests.domain.json_strategies import clean_json, clean_objects, clean_scalars

SOFA = "0b1f3c52-6a1d-4f0e-9a55-0c7a4b8f1d11"
LINE = {"configurationId": SOFA, "count": 2}
LIMITS = Limits()
FIELDS = ("orgId", "originOrgId", "name", "customerId", "platform", "metadata", "derivative",
          "cart", "items", "status")  # fmt: skip
READ_ONLY = ("id", "shortId", "createdAt", "updatedAt", "createdBy", "deletedAt")


def errors_of(raw: object, limits: Limits = LIMITS, *, legacy_items: bool = True) -> dict[str, str]:
    """Return the messages by path; there is a draft exactly when there are none."""
    result = shape_errors(raw, limits=limits, legacy_items=legacy_items)
    assert (result.draft is None) == bool(result.errors)
    reported = {error.path: error.message for error in result.errors}
    assert len(reported) == len(result.errors), "one message for each path"
    return reported


def draft_of(raw: dict[str, Any], limits: Limits = LIMITS) -> OrderDraft:
    result = shape_errors(raw, limits=limits)
    assert result.errors == []
    assert result.draft is not None
    return result.draft


def with_line(**fields: object) -> dict[str, Any]:
    return {"cart": [LINE], **fields}


texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30)
nullable_texts = st.none() | texts
nested_values = st.recursive(
    clean_scalars, lambda inner: st.dictionaries(texts, inner, max_size=3), max_leaves=8
)
valid_orders = st.fixed_dictionaries(
    {
        "cart": st.lists(
            st.fixed_dictionaries(
                {
                    "configurationId": st.uuids().map(str)
                    | st.from_regex(r"[A-Za-z0-9_-]{7,14}", fullmatch=True),
                    "count": st.integers(1, 1_000_000),
                },
                optional={"metadata": clean_objects},
            ),
            min_size=1,
            max_size=4,
        )
    },
    optional={
        "orgId": texts,
        "originOrgId": st.none() | texts.filter(bool),
        "name": nullable_texts,
        "customerId": nullable_texts,
        "platform": st.builds(
            lambda others, own: {**others, **own},
            clean_objects.map(
                lambda others: {k: v for k, v in others.items() if k not in {"id", "platform"}}
            ),
            st.fixed_dictionaries(
                {}, optional=dict.fromkeys(("id", "platform", "storeName"), nullable_texts)
            ),
        ),
        "metadata": st.dictionaries(texts, nested_values, max_size=4),
        "derivative": st.dictionaries(texts, nested_values, max_size=4),
        "items": st.lists(clean_json, max_size=4),
        "status": st.sampled_from([status.value for status in Status]),
    },
)
