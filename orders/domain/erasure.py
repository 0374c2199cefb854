"""What is left of an order, a configuration, or a text once a customer is erased."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from orders.domain.attributes import AttributeRule, Kind, value_fault
from orders.domain.order import Order
from orders.domain.search_text import fold

# Kinds whose values cannot identify a person; all others are free texts.
KEPT_KINDS = {
    *(Kind.OPTION, Kind.MANY, Kind.NUMBER, Kind.MONEY, Kind.BOOLEAN, Kind.DATE, Kind.WEEK)
}
# A shorter text is looked for as a whole value only: it would be a part of many others.
SHORTEST_PART = 4


@dataclass(frozen=True, slots=True)
class Traces:
    """The texts by which a customer is recognized in stored values.

    `customer_id` is looked for as a whole word. So are those of the folded `texts` (name, e-mail
    address, …) that are one word of letters: "berg" is in many others. The others are looked for
    as parts of values; case and accents do not matter.
    """

    customer_id: str
    texts: frozenset[str]

    def are_in(self, value: object) -> bool:
        """Return whether a JSON value has a trace, in a key or a value at any depth."""
        return any(map(self._is_in, _texts_in(value)))

    def _is_in(self, text: str) -> bool:
        folded, own = fold(text), fold(self.customer_id)
        if own == folded.strip():
            return True
        if any(_has_word(folded, one) if one.isalpha() else one in folded for one in self.texts):
            return True
        if len(own) < SHORTEST_PART:
            return f'"{self.customer_id}"' in text  # JSON within a text
        return _has_word(folded, own)


def traces_of(customer_id: str, texts: Iterable[str | None]) -> Traces:
    """Return the traces of a customer with this ID, and these names, addresses, and numbers."""
    known = {fold(one).strip() for one in texts if one}
    return Traces(customer_id, frozenset(one for one in known if len(one) >= SHORTEST_PART))


def _has_word(text: str, word: str) -> bool:
    """Return whether the text has the word with no letter or digit beside it."""
    at = text.find(word)
    while at >= 0:
        before, after = text[max(at - 1, 0) : at], text[at + len(word) :][:1]
        if not (before.isalnum() or after.isalnum()):
            return True
        at = text.find(word, at + 1)
    return False


def _texts_in(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield str(key)
            yield from _texts_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts_in(one)


def without_customer(order: Order, rules: Sequence[AttributeRule]) -> Order:
    """Return an order without the person: what it is for, when it was placed, and its cart stay.

    `rules` are the attributes of the org. Values of attributes that are no texts stay, and numbers
    of `derivative`, because totals are there. All other texts go, also in the lines of the cart.
    """
    known = {rule.key: rule for rule in rules}
    numbers = {key: one for key, one in order.derivative.items() if isinstance(one, int | float)}
    cart = tuple(
        line if line.metadata is None else replace(line, metadata=_kept(line.metadata, known))
        for line in order.cart
    )
    return order._replace(
        name=None,
        customer_id=None,
        platform={},
        metadata=_kept(order.metadata, known),
        derivative={**numbers, **_kept(order.derivative, known)},
        cart=cart,
        items=[],
        cancel_reason=None,
    )


def _kept(values: Mapping[str, Any], rules: Mapping[str, AttributeRule]) -> dict[str, Any]:
    return {
        key: value
        for key, value in values.items()
        if (rule := rules.get(key)) and rule.kind in KEPT_KINDS and not value_fault(rule, value)
    }
