"""The schema of an order: each field's rule, and all errors at once by their paths."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.json_values import RepeatedKeys
from orders.domain.order import CartLine, OrderDraft
from orders.domain.schema import shape_errors
from orders.domain.status import Status
from tests.domain.json_strategies import any_json
from tests.domain.order_shapes import (
    FIELDS,
    LIMITS,
    LINE,
    SOFA,
    draft_of,
    errors_of,
    texts,
    valid_orders,
)


def test_it_works() -> None:
    assert draft_of({"cart": [LINE]}) == OrderDraft(
        name=None,
        customer_id=None,
        platform={},
        metadata={},
        derivative={},
        cart=(CartLine(SOFA, 2),),
        items=[],
        status=Status.NEW,
        origin_org_id="",
    )


@given(valid_orders)
def test_a_valid_order_comes_through_with_every_value_as_sent(raw: dict[str, Any]) -> None:
    result = shape_errors(raw, limits=LIMITS)
    assert (result.errors, result.cart_from_items) == ([], False)
    draft = result.draft
    assert draft is not None
    assert (draft.name, draft.customer_id) == (raw.get("name"), raw.get("customerId"))
    for given_back, field, default in (
        (draft.platform, "platform", {}),
        (draft.metadata, "metadata", {}),
        (draft.derivative, "derivative", {}),
        (draft.items, "items", []),
    ):
        # Text compares the order of keys, 1 with 1.0 and 0.0 with -0.0 too.
        assert repr(given_back) == repr(raw.get(field, default))
    assert draft.status == raw.get("status", "New")
    assert draft.origin_org_id == (raw.get("originOrgId") or "")
    lines = [(line["configurationId"], line["count"], line.get("metadata")) for line in raw["cart"]]
    assert [(line.configuration_id, line.count, line.metadata) for line in draft.cart] == lines


@given(any_json | st.dictionaries(st.sampled_from([*FIELDS, "x"]) | texts, any_json))
@example({"cart": [{"\ud800": 1}, {1: 2}, {"\0": object()}], "\ud800": 1})
@example({"metadata": {"a": b"bytes", "b": {(1, 2): 3}}, "name": "\ud800"})
@example({"status": [], "cart": {}, "items": 1, 5: 6})
def test_any_input_results_in_a_draft_or_in_errors_that_can_be_sent(raw: object) -> None:
    for legacy_items in (True, False):
        for path, message in errors_of(raw, legacy_items=legacy_items).items():
            assert "\0" not in path
            assert path.encode() is not None
            assert message.encode().endswith(b".")


@pytest.mark.parametrize("raw", [None, [], [LINE], "text", 1, True, object()])
def test_what_is_no_object_has_one_error_for_the_whole(raw: object) -> None:
    assert errors_of(raw) == {"": "An object with the fields of an order."}


def test_structures_that_contain_themselves_end_with_one_error() -> None:
    around: dict[str, Any] = {"a": 1}
    around["around"] = around
    loop: list[Any] = []
    loop.append(loop)
    for raw in ({"metadata": around}, {"cart": loop}, {"items": loop}, around):
        (message,) = errors_of(raw).values()
        assert message == "Nested deeper than 16 levels."


class TestAllAtOnce:
    def test_every_error_is_reported_in_one_answer(self) -> None:
        repeated = RepeatedKeys({"d": 1})
        repeated.repeated = ("d",)
        raw = {
            "name": "x" * 256,
            "customerId": True,
            "statuss": "New",
            "id": "x",
            "status": "Done",
            "platform": {"id": [], "big": "x" * 70_000},
            "metadata": {"a": ["\0"], "b": "\0", "c\ud800": 1},
            "derivative": repeated,
            "cart": [{"configurationId": "?", "count": 0, "x": 1}, {"count": "2"}, LINE],
        }
        assert sorted(errors_of(raw)) == sorted([
            "name", "customerId", "statuss", "id", "status", "platform", "platform.id",
            "metadata.a.0", "metadata.b", "metadata.c\\ud800", "derivative.d",
            "cart.0.configurationId", "cart.0.count", "cart.0.x", "cart.1.configurationId",
            "cart.1.count",
        ])  # fmt: skip

    def test_a_key_with_broken_characters_does_not_hide_other_errors(self) -> None:
        raw = {"cart": [LINE], "name": 1, "status": "Done", "\ud800": 1, "a\0": 1}
        assert sorted(errors_of(raw)) == ["\\ud800", "a\\u0000", "name", "status"]

    def test_a_missing_line_is_reported_beside_other_errors(self) -> None:
        assert list(errors_of({"name": 1})) == ["name", "cart"]
        assert list(errors_of({"name": 1, "cart": []})) == ["name", "cart"]
        assert list(errors_of({"name": 1, "items": []})) == ["name", "cart"]
        assert list(errors_of({"name": 1, "items": [{"sku": "A"}]})) == ["name"]
        assert list(errors_of({"name": 1, "status": "List"})) == ["name"]
        assert list(errors_of({"status": "Done"})) == ["status"]

    @given(valid_orders, st.dictionaries(st.sampled_from(FIELDS), any_json, min_size=1))
    def test_one_faulty_field_does_not_hide_or_spoil_another(
        self, raw: dict[str, Any], changes: dict[str, Any]
    ) -> None:
        raw = {key: value for key, value in raw.items() if key not in {"status", "items"}}
        changes.pop("status", None)
        changes.pop("items", None)
        together = errors_of({**raw, **changes})
        if any("deeper" in message for message in together.values()):
            return
        for field, value in changes.items():
            alone = errors_of({**raw, field: value})
            own = {
                path: message for path, message in together.items() if path.split(".")[0] == field
            }
            assert own == alone


def test_what_cannot_be_stored_is_refused_by_its_path_anywhere() -> None:
    cart = [{**LINE, "metadata": {"a": ["\ud800", float("nan")]}}]
    raw = {"cart": cart, "items": ["\0"], "platform": {"x": 2**63}, "name": "a\0"}
    assert sorted(errors_of(raw)) == ["cart.0.metadata.a.0", "cart.0.metadata.a.1", "items.0",
                                      "name", "platform.x"]  # fmt: skip
