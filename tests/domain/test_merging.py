"""Two changes of one order: what is compatible is merged, the rest are conflicts."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.merging import (
    FieldConflict,
    Merged,
    merge_orders,
    values_at,
    without_repeated_lines,
)
from orders.domain.order import Cart, CartLine, Order
from orders.domain.status import Status

AT = datetime(2026, 11, 25, tzinfo=UTC)
# C and D are lines that were added: theirs has an ID, mine has none yet.
A, B, C = (CartLine(f"configuration-{name}", 1, line_id=at) for at, name in enumerate("ABC"))
D = CartLine("configuration-D", 1)


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
    assert merged.taken == (("customerId",),)


def test_the_same_change_by_both_is_one() -> None:
    merged = merge_orders(order(), order(name="Ash"), order(name="Ash"))
    assert (merged.order.name, merged.conflicts, merged.taken) == ("Ash", (), ())


def test_a_field_that_both_changed_is_a_conflict_and_mine_stays() -> None:
    merged = merge_orders(order(), order(status=Status.COMPLETE), order(status=Status.IN_PROGRESS))
    assert merged.order.status == Status.COMPLETE
    assert merged.conflicts == (
        FieldConflict(("status",), Status.COMPLETE, Status.IN_PROGRESS, Status.NEW),
    )


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
    assert merged.conflicts == (FieldConflict(("metadata", "room"), None, "8", "7"),)
    assert "room" not in merged.order.metadata


def test_true_is_not_one() -> None:
    merged = merge_orders(
        order(metadata={"n": 1}), order(metadata={"n": 1}), order(metadata={"n": True})
    )
    assert merged.order.metadata["n"] is True


E = CartLine("configuration-E", 1)


@pytest.mark.parametrize(
    ("mine", "theirs", "together"),
    [
        ((A, B), (A, B, C), "ABC"),
        ((B,), (A, B), "B"),
        ((A,), (B,), ""),
        ((B,), (B, C), "BC"),
        ((B, A), (A, B, C), "BAC"),
        ((A, B), (B, A), "BA"),
        ((B, A), (B, A), "BA"),
        ((A, B, D), (B,), "BD"),
        # Both have added lines: theirs first, at the place where they were added.
        ((A, B, D), (A, B, C), "ABCD"),
        ((A, D, B), (A, C, B), "ACDB"),
        ((D, A, B), (C, A, B), "CDAB"),
        ((A, D, E, B), (A, B, C), "ADEBC"),
        ((B, D, A), (A, C, B), "BDAC"),
        ((B, A, D), (A, B, C), "BACD"),
        ((A, B, D), (A, B, replace(D, line_id=9)), "ABDD"),
        ((D,), (A, B, C), "CD"),
        ((A, D, B), (B, A), "BAD"),
    ],
)  # fmt: skip
def test_lines_that_were_added_removed_and_moved(mine: Cart, theirs: Cart, together: str) -> None:
    merged = merge_orders(order(), order(cart=mine), order(cart=theirs))
    assert "".join(line.configuration_id[-1] for line in merged.order.cart) == together
    assert merged.conflicts == ()


def changed(line: CartLine, **parts: Any) -> CartLine:  # noqa: ANN401 - as `replace`
    return replace(line, **parts)


def places(merged: Merged) -> list[tuple[object, ...]]:
    return [conflict.place for conflict in merged.conflicts]


def test_different_parts_of_one_line_are_merged() -> None:
    base = order(cart=(changed(A, metadata={"color": "red"}), B))
    mine = order(cart=(changed(A, count=5, metadata={"color": "red", "text": "Anna"}), B))
    theirs = order(cart=(B, changed(A, metadata={"color": "blue"})))
    merged = merge_orders(base, mine, theirs)
    assert merged.conflicts == ()
    details = {"color": "blue", "text": "Anna"}
    assert merged.order.cart == (B, changed(A, count=5, metadata=details))
    assert [line.line_id for line in merged.order.cart] == [1, 0]


def test_the_same_part_of_one_line_is_a_conflict() -> None:
    mine, theirs = order(cart=(changed(A, count=2), B)), order(cart=(changed(A, count=3), B))
    merged = merge_orders(order(), mine, theirs)
    line = {"configurationId": "configuration-A", "count": 1}
    assert merged.conflicts == (FieldConflict(("cart", 0, "count"), 2, 3, 1, line),)
    assert merged.order.cart[0].count == 2


def test_a_line_that_one_removed_and_the_other_changed_is_a_conflict() -> None:
    removed, more = order(cart=(B,)), order(cart=(changed(A, count=3), B))
    one, other = merge_orders(order(), removed, more), merge_orders(order(), more, removed)
    assert places(one) == places(other) == [("cart", 0)]
    assert (one.conflicts[0].mine, other.conflicts[0].theirs) == (None, None)
    assert [line.count for line in other.order.cart] == [3, 1]
    kept = merge_orders(order(), removed, more, [one.conflicts[0].keeps_theirs])
    assert (kept.order.cart, kept.conflicts) == (more.cart, ())
    gone = merge_orders(order(), more, removed, [other.conflicts[0].keeps_theirs])
    assert (gone.order.cart, gone.conflicts) == ((B,), ())


def test_two_equal_lines_are_told_apart_by_their_ids() -> None:
    twin = changed(A, line_id=7)
    base, mine = order(cart=(A, twin)), order(cart=(A, changed(twin, count=2)))
    merged = merge_orders(base, mine, order(cart=(twin,)))
    assert (merged.order.cart, merged.conflicts) == ((changed(twin, count=2),), ())
    assert places(merge_orders(base, mine, order(cart=(A,)))) == [("cart", 7)]


def test_choices_decide_and_are_valid_for_the_values_that_were_seen() -> None:
    mine, theirs = order(name="Ash"), order(name="Elm")
    (conflict,) = merge_orders(order(), mine, theirs).conflicts
    for choice, name in ((conflict.keeps_mine, "Ash"), (conflict.keeps_theirs, "Elm")):
        merged = merge_orders(order(), mine, theirs, [choice])
        assert (merged.order.name, merged.conflicts) == (name, ())
        assert places(merge_orders(order(), mine, order(name="Fir"), [choice])) == [("name",)]
    # Typing on changes mine: what was kept stays kept, but is not given up unseen.
    typed = order(name="Ashes")
    assert merge_orders(order(), typed, theirs, [conflict.keeps_mine]).order.name == "Ashes"
    assert merge_orders(order(), typed, theirs, [conflict.keeps_theirs]).conflicts


def test_lines_that_were_saved_before_are_not_added_again() -> None:
    base, mine, saved = (
        order(cart=(A,)),
        order(cart=(A, D, D, E)),
        order(cart=(A, C, replace(D, line_id=9))),
    )
    assert without_repeated_lines(base, mine, saved).cart == (A, D, E)
    # A line of the base is not a repeated one, even if it is equal.
    assert without_repeated_lines(base, order(cart=(A, replace(A, line_id=None))), base).cart == (
        A,
        A,
    )


_FIELDS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Oak", "Ash", None]),
        "metadata": st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, True, "x"])),
        "cart": st.permutations([A, B, C]).flatmap(
            lambda lines: st.integers(0, 3).map(lambda most: tuple(lines[:most]))
        ),
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


_METADATA = st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from([1, "x"]))
_LINE = st.builds(CartLine, st.sampled_from("XY"), st.integers(1, 3), _METADATA)
_CART = st.lists(_LINE, max_size=4).map(
    lambda lines: tuple(replace(line, line_id=at) for at, line in enumerate(lines))
)


@st.composite
def _changed_carts(draw: st.DrawFn, base: Cart, first_id: int | None) -> Cart:
    """Generate a changed cart: lines are removed, changed, moved, and added."""
    lines = [line for line in base if draw(st.integers(0, 4)) > 0]
    for at, line in enumerate(lines):
        if draw(st.booleans()):
            lines[at] = replace(draw(_LINE), line_id=line.line_id)
    lines = list(draw(st.permutations(lines))) if draw(st.booleans()) else lines
    for at, line in enumerate(draw(st.lists(_LINE, max_size=2))):
        own = None if first_id is None else first_id + at
        lines.insert(draw(st.integers(0, len(lines))), replace(line, line_id=own))
    return tuple(lines)


def values_in(cart: Cart) -> dict[tuple[object, ...], object]:
    """Return the values of the lines that have IDs, by place."""
    values: dict[tuple[object, ...], object] = {}
    for line in cart:
        if line.line_id is not None:
            place = ("cart", line.line_id)
            values[*place, "configurationId"] = line.configuration_id
            values[*place, "count"] = line.count
            for key, value in (line.metadata or {}).items():
                values[*place, "metadata", key] = value
    return values


@given(st.data())
def test_no_change_is_lost(data: st.DataObject) -> None:
    base = data.draw(_CART)
    mine = data.draw(_changed_carts(base, None))
    theirs = data.draw(_changed_carts(base, 100))
    merged = merge_orders(order(cart=base), order(cart=mine), order(cart=theirs))
    asked = set(places(merged))
    old, result = values_in(base), values_in(merged.order.cart)
    for side in (mine, theirs):
        now = values_in(side)
        for place in {*old, *now}:
            if now.get(place) != old.get(place) or (place in now) is not (place in old):
                is_asked = bool({place, place[:2]} & asked)
                same = (place in result, result.get(place)) == (place in now, now.get(place))
                assert is_asked or same, place
    # Every line that either of them added is there, once.
    added = Counter(str(line) for line in mine if line.line_id is None)
    assert added == Counter(str(one) for one in merged.order.cart if one.line_id is None)
    assert ids_of(theirs) - ids_of(base) == ids_of(merged.order.cart) - ids_of(base) - {None}
    ids = [line.line_id for line in merged.order.cart if line.line_id is not None]
    assert len(ids) == len(set(ids))


def ids_of(cart: Cart) -> set[int | None]:
    return {line.line_id for line in cart}


@given(st.data())
def test_each_choice_is_followed(data: st.DataObject) -> None:
    base = data.draw(_CART)
    mine = order(cart=data.draw(_changed_carts(base, None)))
    theirs = order(cart=data.draw(_changed_carts(base, 100)))
    found = merge_orders(order(cart=base), mine, theirs).conflicts
    sides = [data.draw(st.booleans()) for _ in found]
    choices = [
        one.keeps_mine if own else one.keeps_theirs for one, own in zip(found, sides, strict=True)
    ]
    merged = merge_orders(order(cart=base), mine, theirs, choices)
    assert merged.conflicts == ()
    for one, own in zip(found, sides, strict=True):
        kept = one.mine if own else one.theirs
        value = values_at(merged.order, [one.place])[one.place]
        if len(one.place) > 2:
            assert value == kept
        else:
            assert (value is None) is (kept is None)
