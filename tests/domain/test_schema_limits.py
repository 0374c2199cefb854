"""The limits that protect the service: an error names the limit and its value."""

from typing import Any

import pytest

from orders.domain.inputs import Limits
from tests.domain.order_shapes import LINE, errors_of, with_line


class TestLimits:
    @pytest.mark.parametrize(
        ("field", "words", "entry"), [("cart", "lines", LINE), ("items", "entries", {"sku": "A"})]
    )
    def test_too_many_are_refused_with_both_numbers(
        self, field: str, words: str, entry: dict[str, Any]
    ) -> None:
        assert errors_of({field: [entry] * 1_000}) == {}
        assert errors_of({field: [entry] * 1_001}) == {
            field: f"At most 1,000 {words}; this has 1,001."
        }
        assert errors_of({field: [entry] * 3}, Limits(cart_lines=2, items=2)) == {
            field: f"At most 2 {words}; this has 3."
        }

    def test_other_errors_are_reported_beside_a_cart_that_is_too_long(self) -> None:
        assert list(errors_of({"cart": [7] * 1_001, "name": 1, "x": 1})) == ["cart", "name", "x"]

    @pytest.mark.parametrize("field", ["metadata", "derivative", "platform", "cart.0.metadata"])
    @pytest.mark.parametrize("character", ["a", "é", "😀"])
    def test_sizes_are_bytes_of_compact_utf_8(self, field: str, character: str) -> None:
        def raw(size: int) -> dict[str, Any]:
            overhead = len('{"k":""}')
            each = len(character.encode())
            filling, padding = divmod(size - overhead, each)
            value = {"k": character * filling + "a" * padding}
            return (
                {"cart": [{**LINE, "metadata": value}]}
                if "." in field
                else with_line(**{field: value})
            )

        limits = Limits(metadata_bytes=1_000)
        assert errors_of(raw(1_000), limits) == {}
        assert errors_of(raw(1_001), limits) == {
            field: "At most 1,000 bytes of JSON; this has 1,001."
        }

    def test_the_documented_default_is_64_kibibytes(self) -> None:
        assert errors_of(with_line(metadata={"k": "x" * 65_528})) == {}
        reported = errors_of(with_line(metadata={"k": "x" * 65_529}))
        assert reported == {"metadata": "At most 65,536 bytes of JSON; this has 65,537."}

    def test_nesting_ends_at_the_limit(self) -> None:
        def nested(levels: int) -> dict[str, Any]:
            value: dict[str, Any] = {}
            for _ in range(levels - 1):
                value = {"a": value}
            return value

        assert errors_of(with_line(metadata=nested(16))) == {}
        path = "metadata" + ".a" * 16
        assert errors_of(with_line(metadata=nested(17))) == {path: "Nested deeper than 16 levels."}
        assert list(errors_of(with_line(metadata=nested(3)), Limits(nesting=2))) == ["metadata.a.a"]

    def test_an_overlong_key_above_many_lists_stays_cheap(self) -> None:
        # With a path for every value this order of 0.9 MB took more memory than machines have.
        raw = with_line(metadata={"k" * 100_000: {f"a{n}": [] for n in range(60_000)}})
        reported = errors_of(raw)
        assert sum(map(len, reported)) < 50_000
