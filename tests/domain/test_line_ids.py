"""Which line of a cart is which, after a cart was sent without line IDs."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.domain.form_changes import keep_lines
from orders.domain.line_ids import IDS_PER_VERSION, with_line_ids
from orders.domain.order import Cart, CartLine, line_fields
from tests.domain.test_merging import order

NEW = 2 * IDS_PER_VERSION  # the ID of the first line that version 2 adds


def line(name: str, count: int = 1, **metadata: object) -> CartLine:
    return CartLine(name, count, metadata or None)


def numbered(*lines: CartLine) -> Cart:
    return tuple(replace(one, line_id=at) for at, one in enumerate(lines))


@pytest.mark.parametrize(
    ("before", "after", "ids"),
    [
        ([line("A"), line("B")], [line("B"), line("A")], [1, 0]),
        ([line("A"), line("B")], [line("B")], [1]),
        ([line("A"), line("B")], [line("A"), line("C"), line("B")], [0, NEW, 1]),
        # The best match: product, count and details; then two of them; then the product.
        ([line("A", 1), line("A", 2)], [line("A", 2), line("A", 5)], [1, 0]),
        ([line("A", 1, x=1), line("A", 2, x=2)], [line("A", 9, x=2), line("A", 1)], [1, 0]),
        ([line("A", 1, x=1)], [line("A", 7, x=2)], [0]),
        # Equal lines: in the order of the cart, each ID once.
        ([line("A"), line("A")], [line("A"), line("A"), line("A")], [0, 1, NEW]),
        ([line("A"), line("A")], [line("A")], [0]),
        ([], [line("A"), line("A")], [NEW, NEW + 1]),
    ],
)
def test_lines_without_ids_get_those_of_the_lines_that_they_match(
    before: list[CartLine], after: list[CartLine], ids: list[int]
) -> None:
    found = with_line_ids(numbered(*before), tuple(after), 2)
    assert [one.line_id for one in found] == ids
    assert found == tuple(after)


def test_beside_lines_with_ids_the_others_are_new() -> None:
    before = numbered(line("A"), line("B"))
    found = with_line_ids(before, (before[1], line("A")), 3)
    assert [one.line_id for one in found] == [1, 3 * IDS_PER_VERSION]


_LINES = st.lists(st.builds(line, st.sampled_from("AB"), st.integers(1, 2)), max_size=4)


@given(_LINES, _LINES)
def test_ids_are_unique_and_equal_lines_keep_theirs(
    before: list[CartLine], after: list[CartLine]
) -> None:
    old = numbered(*before)
    found = with_line_ids(old, tuple(after), 2)
    ids = [one.line_id for one in found]
    assert None not in ids
    assert len(ids) == len(set(ids))
    kept = {one.line_id for one in found} & {one.line_id for one in old}
    assert len(kept) >= min(
        sum(one.configuration_id == "A" for one in before),
        sum(one.configuration_id == "A" for one in after),
    )


def test_a_form_s_lines_are_those_that_it_names() -> None:
    cart = numbered(line("A", 1, n=1), line("A", 1, n=1), line("B"))
    base = order(cart=cart)
    shown = [line_fields(one) for one in cart]
    more = {**shown[1], "count": 4}
    kept = keep_lines(
        base, shown, [(1, more), (0, shown[0]), (1, more), (99, shown[2]), (None, {})]
    )
    # The second line with an ID is a new one; so is one with an ID that the order does not have,
    # unless a line with its content is missing.
    assert [line_id for line_id, _ in kept] == [1, 0, None, 2, None]
    assert kept[0][1] == more
