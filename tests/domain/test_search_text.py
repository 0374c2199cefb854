"""What the list's search covers, and how a typed search is read."""

from datetime import UTC, datetime

from orders.domain import short_id
from orders.domain.order import Order
from orders.domain.search_text import MAX_VALUES, codes_of, search_text, words_of
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
        CODE.casefold(), "grösse", "acme", "77", "north", "shopify", "oak", "deep", "7", "12.5",
    ]  # fmt: skip


def test_it_has_a_limit() -> None:
    text = search_text(order(metadata={str(n): "ß" * 1000 for n in range(100)}))
    assert len(text) < MAX_VALUES + 100
    assert "ss" in text


def test_nothing_but_codes_is_read_as_codes_in_any_spelling() -> None:
    spelled = f"{CODE[:4].lower()}-{CODE[4:8]} {CODE[8:]}"
    assert codes_of(f"{spelled}, {OTHER}") == [CODE, OTHER]
    assert codes_of(f"{CODE} chair") == []
    assert codes_of("") == []


def test_words_are_parted_by_blanks_commas_and_semicolons_once_each() -> None:
    assert words_of(" a,b;\tc\0d  a ") == ["a", "b", "c", "d"]
    assert len(words_of("x " * 2000)) == 1
    assert len(words_of(" ".join(map(str, range(200))))) == 20
