"""Attributes of lines: the keys that an org defines for the metadata of each line of a cart.

They are checked by the same rules as the attributes of an order. An org without any keeps whatever
metadata its lines have.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orders.domain.attributes import Applies, AttributeRule, apply_attributes
from orders.domain.errors import FieldError
from orders.domain.json_values import canonical_json
from orders.domain.order import Cart, CartLine

Metadata = Mapping[str, Any] | None


def line_faults(
    lines: Iterable[Metadata], rules: Sequence[AttributeRule], *, strict: bool
) -> list[FieldError]:
    """Return the errors in the metadata of lines, with paths such as `cart.0.metadata.engraving`.

    `lines` has the metadata of each line, and `rules` the org's attributes of lines; without any
    there are no errors. If `strict` is true, keys that no attribute defines are errors.
    """
    own = _as_metadata(rules)
    if not own:
        return []
    return [
        FieldError(f"cart.{position}.{error.path}", error.message)
        for position, metadata in enumerate(lines)
        for error in apply_attributes(metadata or {}, {}, own, strict=strict).errors
    ]


def with_defaults(cart: Cart, rules: Sequence[AttributeRule], *, known: Cart = ()) -> Cart:
    """Return the lines with the defaults of the attributes that were left out.

    Lines that are also in `known`, with the same configuration and metadata, stay as they are.
    """
    own = _as_metadata(rules)
    if not any(rule.default is not None for rule in own):
        return cart
    stored = {_content(line) for line in known}
    return tuple(line if _content(line) in stored else _filled(line, own) for line in cart)


def new_faults(
    before: Cart, after: Cart, rules: Sequence[AttributeRule], *, strict: bool
) -> list[FieldError]:
    """Return the errors in the lines of a changed order, without those that it already had.

    An error is known if a line of the same configuration had the same value under the same key
    before, wherever it was in the cart: old lines can be saved after an option was retired.
    """
    known = {place for place, _ in _placed_faults(before, rules, strict=strict)}
    found = _placed_faults(after, rules, strict=strict)
    return [error for place, error in found if place not in known]


def _placed_faults(
    cart: Cart, rules: Sequence[AttributeRule], *, strict: bool
) -> Iterator[tuple[tuple[object, ...], FieldError]]:
    for error in line_faults((line.metadata for line in cart), rules, strict=strict):
        _, position, _, key = error.path.split(".", 3)
        line = cart[int(position)]
        metadata = line.metadata or {}
        value = canonical_json(metadata[key]) if key in metadata else None
        yield (line.configuration_id, key, value, str(error.message)), error


def _as_metadata(rules: Sequence[AttributeRule]) -> list[AttributeRule]:
    return [replace(rule, applies=Applies.METADATA) for rule in rules]


def _content(line: CartLine) -> tuple[str, bytes]:
    return line.configuration_id, canonical_json(line.metadata)


def _filled(line: CartLine, rules: Sequence[AttributeRule]) -> CartLine:
    metadata = apply_attributes(line.metadata or {}, {}, rules, strict=False).metadata
    return line if metadata == (line.metadata or {}) else replace(line, metadata=metadata)
