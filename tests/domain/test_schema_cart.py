"""The lines of the cart, and the deprecated `items` that become lines."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orders.domain.order import CartLine
from orders.domain.schema import shape_errors
from orders.domain.status import Status
from tests.domain.json_strategies import clean_objects
from tests.domain.order_shapes import LIMITS, LINE, SOFA, draft_of, errors_of, texts, with_line


class TestCart:
    COUNT = "A whole number from 1 to 1,000,000."

    @pytest.mark.parametrize(
        "count", ["2", 0, -1, 1.5, True, None, 1_000_001, "", [], {}, 10**30, 2**63]
    )
    def test_a_count_is_a_whole_number_from_1_to_1_000_000(self, count: object) -> None:
        raw = {"cart": [LINE, {"configurationId": SOFA, "count": count}]}
        assert errors_of(raw) == {"cart.1.count": self.COUNT}

    def test_two_point_zero_is_two(self) -> None:
        (line,) = draft_of({"cart": [{"configurationId": SOFA, "count": 2.0}]}).cart
        assert (line.count, type(line.count)) == (2, int)

    @pytest.mark.parametrize(
        "name", ["", "abc", "a" * 15, "a b c d e", f"{SOFA}\n", "{" + SOFA + "}"]
    )
    def test_a_line_names_a_uuid_or_a_short_id(self, name: str) -> None:
        (message,) = errors_of({"cart": [{"configurationId": name, "count": 1}]}).values()
        assert message.startswith("No product matches this. Try a name, SKU, or ID (a UUID, ")

    def test_a_uuid_is_returned_in_lowercase_and_a_short_id_as_sent(self) -> None:
        cart = [{"configurationId": name, "count": 1} for name in (SOFA.upper(), "aBc-_12")]
        assert [line.configuration_id for line in draft_of({"cart": cart}).cart] == [
            SOFA,
            "aBc-_12",
        ]

    def test_missing_parts_and_other_types_of_a_line_are_named(self) -> None:
        cart = [{}, {"configurationId": 5, "count": 1}, {**LINE, "metadata": "x"}, 7, None, [LINE],
                {**LINE, "metadata": [1]}]  # fmt: skip
        assert errors_of({"cart": cart}) == {
            "cart.0.configurationId": "This is required.",
            "cart.0.count": "This is required.",
            "cart.1.configurationId": "Text.",
            "cart.2.metadata": "An object.",
            "cart.3": "An object.",
            "cart.4": "An object.",
            "cart.5": "An object.",
            "cart.6.metadata": "An object.",
        }

    @given(texts.filter(lambda key: key not in {*LINE, "metadata"} and "." not in key))
    @example("id")
    def test_an_unknown_key_of_a_line_is_refused_by_its_name(self, key: str) -> None:
        assert errors_of({"cart": [LINE, {**LINE, key: 1}]}) == {f"cart.1.{key}": "Unknown field."}

    @given(clean_objects)
    def test_the_metadata_of_a_line_is_kept_exactly(self, metadata: dict[str, Any]) -> None:
        (line,) = draft_of({"cart": [{**LINE, "metadata": metadata}]}).cart
        assert repr(line.metadata) == repr(metadata)

    def test_a_line_without_metadata_differs_from_one_with_an_empty_object(self) -> None:
        lines = draft_of({"cart": [LINE, {**LINE, "metadata": {}}]}).cart
        assert [line.metadata for line in lines] == [None, {}]

    @given(st.lists(st.integers(1, 9), min_size=1, max_size=30))
    def test_lines_keep_their_order_and_may_name_the_same_configuration(
        self, counts: list[int]
    ) -> None:
        draft = draft_of({"cart": [{"configurationId": SOFA, "count": count} for count in counts]})
        assert [line.count for line in draft.cart] == counts

    @pytest.mark.parametrize("value", [{}, "text", 1, True, {"0": LINE}])
    def test_the_cart_is_an_array(self, value: object) -> None:
        assert errors_of({"cart": value}) == {"cart": "An array."}

    @pytest.mark.parametrize("status", ["New", "In Progress", "Complete"])
    def test_from_new_on_an_order_needs_a_line(self, status: str) -> None:
        reported = {"cart": f"At least one line is needed for status {status}."}
        assert errors_of({"status": status}) == reported
        assert errors_of({"status": status, "cart": []}) == reported
        assert errors_of({"status": status, "items": []}) == reported

    @pytest.mark.parametrize("status", ["List", "In Cart"])
    def test_an_open_cart_may_be_empty(self, status: str) -> None:
        assert draft_of({"status": status}).cart == ()
        assert draft_of({"status": status, "cart": []}).cart == ()


class TestItems:
    ITEMS = (
        {"id": SOFA.upper(), "count": 2.0, "note": "x"},
        {"configurationId": "abc-123", "count": 1},
    )

    def test_items_that_can_be_converted_become_the_cart_and_stay_as_sent(self) -> None:
        items = [*self.ITEMS, {"id": SOFA, "count": 3, "metadata": {"a": [1]}}]
        result = shape_errors({"items": items}, limits=LIMITS)
        assert (result.errors, result.cart_from_items) == ([], True)
        assert result.draft is not None
        assert repr(result.draft.items) == repr(items)
        assert result.draft.cart == (
            CartLine(SOFA, 2), CartLine("abc-123", 1), CartLine(SOFA, 3, {"a": [1]}),
        )  # fmt: skip

    @pytest.mark.parametrize(
        "odd", ["text", {}, None, {"id": SOFA, "count": "one"}, {"sku": "A"}, []]
    )
    @pytest.mark.parametrize("status", [status.value for status in Status])
    def test_with_one_odd_entry_the_order_is_accepted_without_a_cart(
        self, odd: object, status: str
    ) -> None:
        result = shape_errors({"items": [*self.ITEMS, odd], "status": status}, limits=LIMITS)
        assert (result.errors, result.cart_from_items) == ([], False)
        assert result.draft is not None
        assert (result.draft.cart, result.draft.items) == ((), [*self.ITEMS, odd])

    def test_if_both_are_sent_the_cart_counts(self) -> None:
        result = shape_errors({"items": [*self.ITEMS], "cart": [LINE]}, limits=LIMITS)
        assert result.draft is not None
        assert (result.draft.cart, result.cart_from_items) == ((CartLine(SOFA, 2),), False)
        assert result.draft.items == [*self.ITEMS]
        reported = errors_of({"items": [{"sku": "A"}], "cart": []})
        assert reported == {"cart": "At least one line is needed for status New."}

    @pytest.mark.parametrize("value", [{}, "text", 1])
    def test_items_are_an_array(self, value: object) -> None:
        assert errors_of({"items": value}) == {"items": "An array."}

    def test_the_web_form_does_not_know_items(self) -> None:
        reported = errors_of({"items": [*self.ITEMS], "cart": [LINE]}, legacy_items=False)
        assert reported == {"items": "Unknown field."}
        assert list(errors_of({"items": [*self.ITEMS]}, legacy_items=False)) == ["items", "cart"]
        assert errors_of(with_line(), legacy_items=False) == {}
