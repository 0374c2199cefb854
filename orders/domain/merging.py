"""Merge two people's changes of one order: field by field, and line by line.

A line is recognized by its ID, never by its position. What both have changed to different values is
a conflict, and is decided by choices (docs/decisions/0042).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from orders.domain.changes import with_fields_of
from orders.domain.json_values import canonical_json, same_json
from orders.domain.line_ids import line_of
from orders.domain.order import (
    EDITABLE_FIELDS,
    Cart,
    CartLine,
    FieldKind,
    Order,
    line_fields,
    order_fields,
)

# Where a value is in an order: `("name",)`, `("metadata", key)`, and for the line with the ID 5
# `("cart", 5)`, `("cart", 5, "count")` or `("cart", 5, "metadata", key)`.
Place = tuple[str | int, ...]
Versions = tuple[dict[Any, Any], dict[Any, Any], dict[Any, Any]]  # base, mine, theirs


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """A value that two people changed differently.

    `mine` and `theirs` are the two new values, and `base` is the value that both have changed; None
    means null, or that there is no such key or line. `line` is the JSON of the line in which the
    value is, as it was before or, if that is unknown, as it is stored; None outside of the cart.
    """

    place: Place
    mine: Any
    theirs: Any
    base: Any = None
    line: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """A short name of the place, for a form field: letters and digits only."""
        return _digest(self.place)

    @property
    def keeps_mine(self) -> str:
        """The choice of my value, which is valid until they change theirs again."""
        return f"mine-{_digest([self.place, self.theirs])}"

    @property
    def keeps_theirs(self) -> str:
        """The choice of their value, which is valid until one of the two values changes again."""
        return f"theirs-{_digest([self.place, self.theirs, self.mine])}"


def _digest(value: object) -> str:
    return hashlib.sha256(canonical_json(value)).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of `merge_orders`.

    `order` has the changes of both people, and my value for each undecided conflict in `conflicts`.
    `taken` has the places of values that are the other person's.
    """

    order: Order
    conflicts: tuple[FieldConflict, ...]
    taken: tuple[Place, ...]


def values_at(order: Order, places: Iterable[Place]) -> dict[Place, Any]:
    """Return the values at places of the order, by place; None where there is none."""
    fields: dict[Any, Any] = order_fields(order)
    fields["cart"] = {line.line_id: line_fields(line) for line in order.cart}
    values: dict[Place, Any] = {}
    for place in places:
        value: Any = fields
        for key in place:
            value = value.get(key) if isinstance(value, dict) else None
        values[place] = value
    return values


def without_repeated_lines(base: Order, mine: Order, theirs: Order) -> Order:
    """Return `mine` without new lines that `theirs` has too, with the same contents.

    It is for a form that was saved and is sent again, because its answer was lost.
    """
    known = {line.line_id for line in base.cart}
    added = Counter(canonical_json(line_fields(x)) for x in theirs.cart if x.line_id not in known)
    cart = []
    for line in mine.cart:
        content = canonical_json(line_fields(line))
        if line.line_id is None and added[content]:
            added[content] -= 1
        else:
            cart.append(line)
    return mine._replace(cart=tuple(cart))


def merge_orders(base: Order, mine: Order, theirs: Order, choices: Iterable[str] = ()) -> Merged:
    """Merge `mine` and `theirs`, two changed versions of the order `base`.

    A value that only one side changed is that side's. If both changed it differently, it is a
    conflict, unless one of `choices`, which are `keeps_mine` and `keeps_theirs` of conflicts,
    decides it. Values are those of fields, of keys of objects, and of the parts of lines: product,
    count, and each key of the metadata. A line is a conflict as a whole if one side removed it and
    the other changed it. Lines that either side added are kept; lines of `mine` that are new have
    no line ID. Fields that cannot be edited are those of `theirs`.

    The order of the lines is that of `theirs`, unless only `mine`, or both, have moved lines: then
    it is that of `mine`. A line that the other side added is inserted below the line below which it
    was added, or at the end if it was at the end; theirs is above mine at the same place.
    """
    merge = _Merge(frozenset(choices))
    orders = [order_fields(one) for one in (base, mine, theirs)]
    merged: dict[str, Any] = {}
    for field in EDITABLE_FIELDS:
        name = field.wire_name
        versions = (orders[0], orders[1], orders[2])
        if field.kind is FieldKind.OBJECT:
            merged[name] = merge.objects((name,), tuple(one[name] for one in versions))
        elif field.kind is not FieldKind.LINES:
            merged |= merge.choose((name,), name, versions)
    result = with_fields_of(theirs, merged)
    result = result._replace(cart=merge.carts(base.cart, mine.cart, theirs.cart))
    return Merged(result, tuple(merge.conflicts), tuple(merge.taken))


class _Merge:
    """A merge: what it has decided so far."""

    def __init__(self, choices: frozenset[str]) -> None:
        self.choices = choices
        self.conflicts: list[FieldConflict] = []
        self.taken: list[Place] = []

    def choose(
        self, place: Place, key: str | int, versions: Versions, line: CartLine | None = None
    ) -> dict[Any, Any]:
        """Return {key: merged value}, or {} if the merged object lacks the key.

        `versions` are those of the object that has the key, and `line` is the line that it is in.
        """
        before, my, their = ({key: one[key]} if key in one else {} for one in versions)
        if same_json([*my.values()], [*their.values()]):
            return my
        if same_json([*before.values()], [*their.values()]):
            return my
        if same_json([*before.values()], [*my.values()]):
            self.taken.append(place)
            return their
        conflict = FieldConflict(
            place, my.get(key), their.get(key), before.get(key),
            None if line is None else line_fields(line),
        )  # fmt: skip
        if conflict.keeps_theirs in self.choices:
            self.taken.append(place)
            return their
        if conflict.keeps_mine not in self.choices:
            self.conflicts.append(conflict)
        return my

    def objects(
        self, place: Place, versions: Versions, line: CartLine | None = None
    ) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for key in dict.fromkeys((*versions[2], *versions[1])):
            merged |= self.choose((*place, key), key, versions, line)
        return merged

    def carts(self, base: Cart, mine: Cart, theirs: Cart) -> Cart:
        """Return the merged cart; lines that are new in `mine` have no IDs."""
        olds = _by_id(base)
        mine = tuple(one if one.line_id in olds else replace(one, line_id=None) for one in mine)
        my, their = _by_id(mine), _by_id(theirs)
        kept: dict[int, CartLine] = {}
        for line_id in dict.fromkeys((*olds, *their)):
            if line_id not in olds:
                self.taken.append(("cart", line_id))
                kept[line_id] = their[line_id]
            elif line := self._line(line_id, olds, my, their):
                kept[line_id] = line
        if [one for one in their if one in olds] != [one for one in olds if one in their]:
            self.taken.append(("cart",))
        return _in_order(base, mine, theirs, kept)

    def _line(
        self,
        line_id: int,
        olds: dict[int, CartLine],
        my: dict[int, CartLine],
        their: dict[int, CartLine],
    ) -> CartLine | None:
        """Return the merged line with this ID, which the base has; None if it is removed."""
        place: Place = ("cart", line_id)
        lines = [one.get(line_id) for one in (olds, my, their)]
        if None in lines:
            versions = tuple({} if one is None else {line_id: line_fields(one)} for one in lines)
            found = self.choose(place, line_id, versions, olds[line_id])  # type: ignore[arg-type]
            return line_of(found[line_id], line_id) if found else None
        old, own, other = (line_fields(one) for one in lines if one is not None)
        if same_json(old, other):
            return my[line_id]
        if same_json(old, own):
            self.taken.append(place)
            return their[line_id]
        merged: dict[str, Any] = {}
        for key in ("configurationId", "count"):
            merged |= self.choose((*place, key), key, (old, own, other), olds[line_id])
        parts: Versions = tuple(one.get("metadata") or {} for one in (old, own, other))  # type: ignore[assignment]
        details = self.objects((*place, "metadata"), parts, olds[line_id])
        # An empty object and none at all are different JSON, but say the same.
        sides = (own, other) if ("metadata" in own) is not ("metadata" in old) else (other, own)
        if details or "metadata" in sides[0]:
            merged["metadata"] = details
        return line_of(merged, line_id)


def _by_id(cart: Cart) -> dict[int, CartLine]:
    return {line.line_id: line for line in cart if line.line_id is not None}


def _in_order(base: Cart, mine: Cart, theirs: Cart, kept: dict[int, CartLine]) -> Cart:
    """Return the lines of `kept`, and the new lines of `mine`, in the order of a merged cart."""
    my, their = _entries(mine, kept), _entries(theirs, kept)
    both = {*my} & {*their}
    was = [line.line_id for line in base if line.line_id in both]
    has_moved = [entry for entry in my if entry in both] != was
    first, second = (my, their) if has_moved else (their, my)
    result = [*first]
    known = {*second}
    inserted: set[Any] = set()
    for at, entry in enumerate(second):
        if entry in both or entry in result:
            continue
        above = second[at - 1] if at else None
        is_last = not any(one in both for one in second[at:])
        if above in inserted:
            place = result.index(above) + 1
        elif is_last and second is my:
            place = len(result)
        elif is_last:
            place = max((result.index(one) + 1 for one in both), default=0)
        else:
            place = 0 if above is None else result.index(above) + 1
            while second is my and place < len(result) and result[place] not in known:
                place += 1  # below what they have added there
        result.insert(place, entry)
        inserted.add(entry)
    new = {id(line): line for line in mine}
    return tuple(kept[one] if isinstance(one, int) else new[one[1]] for one in result)


def _entries(cart: Cart, kept: dict[int, CartLine]) -> list[Any]:
    """Return an entry for each line of the cart that is in the merge: its ID if it has one."""
    return [
        ("new", id(line)) if line.line_id is None else line.line_id
        for line in cart
        if line.line_id is None or line.line_id in kept
    ]
