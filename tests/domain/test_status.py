"""The five statuses of an order."""

import pytest

from orders.domain.status import OPEN_CARTS, Status, read_status


def test_there_are_five_statuses_with_these_wire_names() -> None:
    assert list(Status) == ["List", "In Cart", "New", "In Progress", "Complete"]


@pytest.mark.parametrize("status", Status)
def test_only_lists_and_open_carts_may_be_empty(status: Status) -> None:
    assert (status in OPEN_CARTS) == (status.value in {"List", "In Cart"})


@pytest.mark.parametrize("status", Status)
def test_a_status_is_read_by_exactly_its_wire_name(status: Status) -> None:
    assert read_status(status.value) is status
    for odd in (status.value.lower(), f"{status.value} ", status.name, [status.value], None, 1):
        if odd != status.value:
            assert read_status(odd) is None
