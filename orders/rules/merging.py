"""Two people change one order: what both changes make together, and where they contradict.

Both began with the same order. A field that only one of them changed is taken from that one; the
same change by both is one change. Objects are merged key by key. Lines that one has only put behind
the others go behind what the other has made of the cart.
"""

from dataclasses import dataclass
from typing import Any

from orders.rules.json_values import same_json
from orders.rules.order import CartLine, Order
from orders.rules.wire import line_fields

_PLAIN = {"name": "name", "customer_id": "customerId", "status": "status"}
_OBJECTS = ("platform", "metadata", "derivative")


class _Missing:
    """Stands for a key that an object does not have."""


_MISSING = _Missing()


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that both changed, each otherwise; values as on the wire, None also for no value."""

    path: str
    mine: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Merged:
    """Both changes in one order. Where they clash, `order` holds mine; `taken` are their paths."""

    order: Order
    clashes: tuple[Clash, ...]
    taken: tuple[str, ...]


def merge_orders(base: Order, mine: Order, theirs: Order) -> Merged:
    """Merge what I made of `base` with what is stored by now."""
    clashes: list[Clash] = []
    taken: list[str] = []

    def choose(path: str, values: tuple[Any, Any, Any]) -> Any:  # noqa: ANN401 - values of fields
        before, my, their = values
        if _same(my, their) or _same(before, their):
            return my
        if not _same(before, my):
            clashes.append(Clash(path, _shown(my), _shown(their)))
            return my
        taken.append(path)
        return their

    fields: dict[str, Any] = {
        name: choose(wire, tuple(getattr(one, name) for one in (base, mine, theirs)))
        for name, wire in _PLAIN.items()
    }
    for name in _OBJECTS:
        before, my, their = (getattr(one, name) for one in (base, mine, theirs))
        merged = {}
        for key in dict.fromkeys((*their, *my)):
            values = tuple(one.get(key, _MISSING) for one in (before, my, their))
            value = choose(f"{name}.{key}", values)
            if value is not _MISSING:
                merged[key] = value
        fields[name] = merged
    fields["cart"] = _cart(base.cart, mine.cart, theirs.cart, clashes, taken)
    return Merged(theirs._replace(**fields), tuple(clashes), tuple(taken))


Cart = tuple[CartLine, ...]


def _cart(base: Cart, mine: Cart, theirs: Cart, clashes: list[Clash], taken: list[str]) -> Cart:
    if _same_cart(mine, theirs) or _same_cart(base, theirs):
        return mine
    is_mine_changed = not _same_cart(base, mine)
    if not is_mine_changed or _same_cart(base, theirs[: len(base)]):
        taken.append("cart")
        return mine + theirs[len(base) :] if is_mine_changed else theirs
    if _same_cart(base, mine[: len(base)]):
        taken.append("cart")
        return theirs + mine[len(base) :]
    clashes.append(Clash("cart", _lines(mine), _lines(theirs)))
    return mine


def _lines(cart: Cart) -> list[dict[str, Any]]:
    return [line_fields(line) for line in cart]


def _same_cart(one: Cart, other: Cart) -> bool:
    return same_json(_lines(one), _lines(other))


def _same(one: object, other: object) -> bool:
    if one is _MISSING or other is _MISSING:
        return one is other
    return same_json(one, other)


def _shown(value: object) -> object:
    return None if value is _MISSING else value
