"""Products by their words, and products that are close to a mistyped text."""

import random
import time

import pytest

from orders.domain.near_matches import KnownProduct, Near, ProductIndex
from orders.domain.search_text import fold
from tests.messages import INDEX

LUM, OAK, WAL = "LUM-TL-MUS-01", "OSL-CH-OAK-02", "OSL-CH-WAL-01"


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("Lumen table lamp", [LUM]),
        ("lumen TABLE lamps", [LUM]),
        ("lamp in mustard", [LUM]),
        ("Oslo chair", [OAK, WAL]),
        ("Oslo chair walnut", [WAL]),
        ("yellow lamp", []),
        ("140", []),
        ("the", []),
        ("", []),
        ("lamp " * 40, []),
    ],
)
def test_words_name_products(text: str, skus: list[str]) -> None:
    assert sorted(INDEX.named(text)) == sorted(skus)


@pytest.mark.parametrize(
    ("text", "sku", "is_clear"),
    [
        ("OSL-HC-OAK-02", OAK, True),  # swapped
        ("OSL-CH-OKA-02", OAK, True),
        ("OSL-CH-OAK-2", OAK, True),  # left out
        ("OSL-CHX-OAK-022", OAK, True),  # two more
        ("osl-ch-wal-1", WAL, True),
        ("Lumen tabel lamp", LUM, True),
        ("yellow lamp", LUM, True),
        ("Harbor sofa", "HAR-SO-OCE-03", True),
        ("Oslo chair", OAK, False),  # two have the name
        ("Olso chair", OAK, False),
    ],
)
def test_the_closest_product_comes_first(text: str, sku: str, is_clear: bool) -> None:
    near = INDEX.near(text)
    assert near.ids[0] == sku
    assert near.is_clear is is_clear
    assert len(near.ids) <= 3


@pytest.mark.parametrize("text", ["", "x", "zzzzzzzz", "\0", "9999999", "completely different"])
def test_nothing_is_close_to_another_text(text: str) -> None:
    assert INDEX.near(text) == Near()


def test_twenty_unknown_lines_among_five_thousand_products_are_fast() -> None:
    chance = random.Random(7)  # noqa: S311 - the same products each time
    names = ["Oslo chair", "Lumen table lamp", "Harbour sofa", "Bergen desk", "Fenja shelf"]
    products = [
        KnownProduct(f"{at}", sku, name, fold(f"{name}\n{sku}\noak\nbrass"))
        for at in range(5_000)
        for name in (f"{chance.choice(names)} {at % 97}",)
        for sku in (f"{name[:3].upper()}-{chance.choice('ABCD')}X-OAK-{at:04}",)
    ]
    index = ProductIndex(products)
    index.near("first: the index is made")
    swapped = [f"{one.sku[:4]}{one.sku[5]}{one.sku[4]}{one.sku[6:]}" for one in products[:70:7]]
    texts = [*swapped, *(f"yellow lamp {at}" for at in range(10))]
    begun = time.process_time()
    found = [index.near(text) for text in texts]
    spent = time.process_time() - begun
    assert all(near.ids for near in found)
    # About 15 ms; the limit leaves room for a busy machine.
    assert spent < 0.15
