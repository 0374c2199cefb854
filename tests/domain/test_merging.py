"""Two changes of one order: what is compatible is merged, the rest are conflicts."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.changes import FieldConflict, merge_orders
from orders.domain.order import CartLine, Order
from orders.domain.status import Status

AT = datetime(2026, 11, 25, tzinfo=UTC)
A, B, C, D = (CartLine(f"configuration-{name}", 1) for name in "ABCD")


def order(**fields: object) -> Order:
    given: dict[str, Any] = {
        "id": "1", "short_id": "7KQ4M2XD9T3B", "org_id": "o", "origin_org_id": "o", "name": "Oak",
        "customer_id": "C-1", "platform": {}, "metadata": {"finish": "matt", "room": "7"},
        "derivative": {}, "cart": (A, B), "items": [], "status": Status.NEW, "created_at": AT,
        "updated_at": AT, "created_by": "me", "deleted_at": None, "version": 3,
    }  # fmt: skip
    return Order(**{**given, **fields})


def test_changes_of_different_fields_are_merged() -> None:
    merged = merge_orders(order(), order(name="Ash"), order(customer_id="C-2", version=4))
    assert merged.order == order(name="Ash", customer_id="C-2", version=4)
    assert merged.conflicts == ()
    assert merged.taken == ("customerId",)


def test_the_same_change_by_both_is_one() -> None:
    merged = merge_orders(order(), order(name="Ash"), order(name="Ash"))
    assert (merged.order.name, merged.conflicts, merged.taken) == ("Ash", (), ())


def test_a_field_that_both_changed_is_a_conflict_and_mine_stays() -> None:
    merged = merge_orders(order(), order(status=Status.COMPLETE), order(status=Status.IN_PROGRESS))
    assert merged.order.status == Status.COMPLETE
    assert merged.conflicts == (FieldConflict("status", Status.COMPLETE, Status.IN_PROGRESS),)


def test_objects_are_merged_key_by_key() -> None:
    mine = order(metadata={"finish": "gloss", "room": "7"})
    theirs = order(metadata={"finish": "matt", "gift": True})
    merged = merge_orders(order(), mine, theirs)
    assert merged.order.metadata == {"finish": "gloss", "gift": True}
    assert merged.conflicts == ()


def test_a_key_that_one_removed_and_the_other_changed_is_a_conflict() -> None:
    merged = merge_orders(
        order(), order(metadata={"finish": "matt"}), order(metadata={"finish": "matt", "room": "8"})
    )
    assert merged.conflicts == (FieldConflict("metadata.room", None, "8"),)
    assert "room" not in merged.order.metadata


def test_true_is_not_one() -> None:
    merged = merge_orders(
        order(metadata={"n": 1}), order(metadata={"n": 1}), order(metadata={"n": True})
    )
    assert merged.order.metadata["n"] is True


@pytest.mark.parametrize(
    ("mine", "theirs", "together"),
    [
        ((A, B), (A, B, C), (A, B, C)),
        ((B,), (A, B), (B,)),
        ((B, A), (A, B, C), (B, A, C)),
        ((A, B, D), (B,), (B, D)),
        ((A, B, D), (A, B, C), (A, B, D, C)),
    ],
)
def test_lines_behind_the_others_join_any_cart(
    mine: tuple[CartLine, ...], theirs: tuple[CartLine, ...], together: tuple[CartLine, ...]
) -> None:
    merged = merge_orders(order(), order(cart=mine), order(cart=theirs))
    assert merged.order.cart == together
    assert merged.conflicts == ()


def test_two_different_carts_conflict() -> None:
    merged = merge_orders(order(), order(cart=(B,)), order(cart=(A,)))
    assert [conflict.path for conflict in merged.conflicts] == ["cart"]
    assert merged.order.cart == (B,)


_FIELDS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Oak", "Ash", None]),
        "metadata": st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, True, "x"])),
        "cart": st.lists(st.sampled_from([A, B, C]), max_size=3).map(tuple),
    }
)


@given(_FIELDS, _FIELDS)
def test_without_own_changes_the_other_version_is_used(
    base: dict[str, Any], changed: dict[str, Any]
) -> None:
    before, after = order(**base), order(**changed)
    for mine, theirs in ((before, after), (after, before)):
        merged = merge_orders(before, mine, theirs)
        assert merged.order == after
        assert merged.conflicts == ()
