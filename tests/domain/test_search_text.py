"""What the list's search covers, and how a typed search is read."""

# ruff: noqa: RUF001 - signs that look alike are the subject
from datetime import UTC, datetime

import pytest

from orders.domain import short_id
from orders.domain.order import Order
from orders.domain.search_text import (
    MAX_VALUES,
    CodeList,
    codes_of,
    fold,
    is_too_long,
    read_code_list,
    search_text,
    words_of,
)
from orders.domain.status import Status

CODE = short_id.generate(lambda _bits: 12345678901)
OTHER = short_id.generate(lambda _bits: 998877)


def order(**changes: object) -> Order:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    plain = Order(
        id="0" * 8, short_id=CODE, org_id="o", origin_org_id=None, name=None, customer_id=None,
        platform={}, metadata={}, derivative={}, cart=(), items=[], status=Status.NEW,
        created_at=at, updated_at=at, created_by="x", deleted_at=None,
    )  # fmt: skip
    return plain._replace(**changes)  # type: ignore[arg-type]  # each test names fields of its own


def test_it_contains_all_that_identifies_an_order_case_folded() -> None:
    text = search_text(
        order(
            name="Größe",
            customer_id="ACME",
            derivative={"net": 12.5},
            platform={"id": "77", "storeName": "North", "platform": "Shopify", "more": "Hidden"},
            metadata={"a": "Oak", "b": {"c": ["Deep", 7]}, "d": True, "e": None, "f": ""},
        )
    )
    assert text.split("\n") == [
        CODE.casefold(), "grosse", "acme", "77", "north", "shopify", "oak", "deep", "7", "12.5",
    ]  # fmt: skip


def test_it_has_a_limit() -> None:
    text = search_text(order(metadata={str(n): "ß" * 1000 for n in range(100)}))
    assert len(text) < MAX_VALUES + 100
    assert "ss" in text


def test_nothing_but_codes_is_read_as_codes_in_any_spelling() -> None:
    spelled = f"{CODE[:4].lower()}-{CODE[4:8]} {CODE[8:]}"
    assert codes_of(f"{spelled}, {OTHER}") == (CODE, OTHER)
    assert codes_of(f"{CODE} chair") == ()
    assert codes_of("") == ()


def test_mistyped_codes_are_told_from_other_words() -> None:
    wrong = CODE[:-1] + ("0" if CODE[-1] != "0" else "1")
    grouped = f"{wrong[:4]} {wrong[4:8]} {wrong[8:]}"
    long = OTHER + "7"
    assert read_code_list(f"{CODE}; {wrong}\n{grouped} {OTHER} {long}") == CodeList(
        (CODE, OTHER), (wrong, grouped, long)
    )
    assert read_code_list(f"{CODE} upholstered") is None
    assert read_code_list("") is None
    # Alone it may be any other number.
    assert codes_of(wrong) == ()


def test_a_thousand_codes_are_all_looked_for() -> None:
    codes = [short_id.generate() for _ in range(1000)]
    search = "\n".join(map(short_id.grouped, codes))
    assert codes_of(search) == tuple(codes)
    assert not is_too_long(search)
    assert is_too_long(" ".join(map(str, range(21))))
    assert is_too_long("x" * 501)
    assert is_too_long("\n".join([search] * 2))


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("O'Connery", "O’Connery"), ("o`connery", "O‘Connery"), ("Oʼconnery", "o´connery"),
        ("Mullerstadt", "Müllerstädt"), ("Mu\u0308llersta\u0308dt", "Müllerstädt"),
        ("müllerstädt", "MU\u0308LLERSTA\u0308DT"), ("strasse", "STRAẞE"), ("Straße", "strasse"),
        ("lodz", "Łódź"), ("Øresund", "oresund"), ("aether", "Æther"), ("thor", "Þor"),
        ("ISTANBUL", "İstanbul"), ("istanbul", "ıSTANBUL"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("елка", "Ёлка"),
        ("a-b", "A\u2011B"), ("1-2", "1\u2013\u200b2"), ("x-1", "x\u22121"),
        ('"a"', "„A“"), ('"a"', "«A»"), ("'a'", "‹A›"), ("ABC-12", "ＡＢＣ－１２"),
        ("office", "oﬃce"), ("naive", "nai\u0308ve"), ("soft", "so\u00adft"),
        ("5 kg", "5\u00a0kg"), ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"), ("x2", "x²"),
    ],
)  # fmt: skip
def test_both_sides_are_folded_alike(typed: str, stored: str) -> None:
    assert fold(typed) == fold(stored)
    assert fold(fold(stored)) == fold(stored)


def test_words_are_parted_by_blanks_commas_and_semicolons_once_each() -> None:
    assert words_of(" a,b;\tc\0d  a ") == ["a", "b", "c", "d"]
    assert len(words_of("x " * 2000)) == 1
    assert len(words_of(" ".join(map(str, range(200))))) == 20
