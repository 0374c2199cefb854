"""The customer ID for verification is compared as people type it."""

import pytest

from orders.domain.permissions import CustomerCheck, Gate, fact_of, gate_of, is_fact, lock_of


@pytest.mark.parametrize(
    "typed",
    ["ACME 4711-B", "acme4711b", " acme-4711-b ", "A C M E 4711 B", "ＡＣＭＥ4711B", "acme–4711—b",  # noqa: RUF001
     "acme\u00a04711\u200bb", "acme\t4711\nb", "acme−4711b"],  # noqa: RUF001
)  # fmt: skip
def test_case_blanks_and_hyphens_do_not_matter(typed: str) -> None:
    assert is_fact(typed, "ACME 4711-B")


@pytest.mark.parametrize("typed", ["", "-", "acme", "acme4711", "acme4711bb", "4711", "\0"])
def test_everything_else_matters(typed: str) -> None:
    assert not is_fact(typed, "ACME 4711-B")


@pytest.mark.parametrize("customer_id", [None, "", "  ", " - ", "\u200b"])
def test_an_order_without_a_customer_id_is_opened_by_nothing(customer_id: str | None) -> None:
    assert not is_fact("", customer_id)
    assert not is_fact("-", customer_id)
    assert gate_of(CustomerCheck.CUSTOMER_ID, customer_id) is Gate.SHUT
    assert gate_of(CustomerCheck.NONE, customer_id) is Gate.OPEN


def test_odd_texts_are_compared_too() -> None:
    assert not is_fact("\ud800", "ACME")
    assert is_fact("straße", "STRASSE")
    assert fact_of("C-7") == "c7"


def test_a_lock_is_of_one_order_and_one_customer() -> None:
    locks = {lock_of("a", "C-7"), lock_of("b", "C-7"), lock_of("a", "C-8")}
    assert len(locks) == 3
    assert lock_of("a", "c 7") == lock_of("a", "C-7")
