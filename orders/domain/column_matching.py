"""Match a file's columns to fields of an order: guessed from their names, corrected by people.

The target of a column is what the column fills: the path of an order's field (`customerId`,
`metadata.finish`), or one of the constants below, such as COUNT and SKU for a cart line, or IGNORED
for a column that is not imported.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from rapidfuzz import fuzz, process

from orders.domain.attributes import AttributeRule
from orders.domain.errors import FieldError
from orders.domain.identifiers import plain_characters
from orders.domain.line_totals import COLUMN as TOTAL
from orders.domain.order import IMPORTED_FIELDS, OBJECT_FIELDS
from orders.domain.texts import lazy_gettext

IGNORED = ""
ORDER = "order"  # an order's number in the file: joins rows and is not kept
CONFIGURATION, SKU, COUNT = "configurationId", "sku", "count"
PLATFORM_ID, NAME = "platform.id", "name"
AREAS = ("metadata", "derivative")
OBJECTS = tuple(field.wire_name for field in OBJECT_FIELDS)
LINE_METADATA = "cart.metadata"
# What a column can be, apart from attributes and free keys.
ORDER_TARGETS = {
    **{field.wire_name: field.label for field in IMPORTED_FIELDS},
    ORDER: lazy_gettext("Order number in this file"),
}
LINE_TARGETS = {
    CONFIGURATION: lazy_gettext("Product: ID, short ID, or SKU"),
    SKU: lazy_gettext("SKU"),
    COUNT: lazy_gettext("Quantity"),
    LINE_METADATA: lazy_gettext("Line metadata, as JSON"),
}
# Whole objects, as an export writes what has no columns of its own.
REST_TARGETS = {one: lazy_gettext("More %(field)s, as JSON", field=one) for one in OBJECTS}
SHORTEST_PART = 4  # letters of a known name that is looked for inside of another
ALIKE = 75  # of two names that differ in a few letters; 100 is the same
NOT_OF_THE_LIST = lazy_gettext("Choose an option from the list.")

# Common column names, folded, without blanks and signs. The exact wire names come first.
_WORDS = {
    ORDER: "order bestellung auftrag group gruppe",
    **{field.wire_name: field.column_words for field in IMPORTED_FIELDS},
    CONFIGURATION: "configurationid configuration configid config konfiguration konfigurationsid",
    SKU: "sku article articleno articlenumber artikel artikelnummer artikelnr artnr artno "
    "itemnumber itemno productcode productnumber partnumber",
    COUNT: "count qty quantity pieces pcs amount units menge anzahl stück stueck stk",
}
COUNT_WORDS = frozenset(_WORDS[COUNT].split())
_TARGET_BY_NAME = {one.lower(): one for one in (*ORDER_TARGETS, *LINE_TARGETS) if one != ORDER}
_TARGET_BY_WORD = {word: target for target, words in _WORDS.items() for word in words.split()}
# Less certain: they count when no other column has the same target.
_WEAK_WORDS = {"shortid": ORDER, **{one: one for one in OBJECTS}}
_WEAK_CONFIGURATIONS = frozenset({"product", "produkt", "productid", "item", "itemid", "id"})
# The first of these targets that a file has joins its rows to orders.
_JOINING = (ORDER, PLATFORM_ID, NAME)


@dataclass(frozen=True, slots=True)
class Matching:
    """How the columns of a file are imported.

    `targets` has the target of each column, in the order of the columns. Rows with equal cells in
    the column at position `group` form one order; if `group` is None, each row is an order. If
    `fills` is true, a row whose cell in that column is empty belongs to the order above it. A
    person sets `is_single` to say that each row is one piece, even though a column looks like a
    count.
    """

    targets: tuple[str, ...]
    group: int | None
    fills: bool = False
    is_single: bool = False

    def column_of(self, target: str) -> int | None:
        return self.targets.index(target) if target in self.targets else None

    def with_lines(self, reference: int, count: int | None) -> "Matching":
        """Return a copy with `reference` as configuration column and `count` as count column.

        Both are positions; if `count` is None, no count column is set. A column is left unchanged
        if it already has a target, or if another column has the new target. No configuration column
        is set if a column is named as that of the SKUs: two readings of a line would be possible.
        """
        targets = list(self.targets)
        for at, target in ((reference, CONFIGURATION), (count, COUNT)):
            taken = {CONFIGURATION, SKU} if target == CONFIGURATION else {target}
            if at is not None and targets[at] == IGNORED and not taken & set(targets):
                targets[at] = target
        return replace(self, targets=tuple(targets))

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(stored: dict[str, Any]) -> "Matching":
        return Matching(**{**stored, "targets": tuple(stored["targets"])})


def guess(columns: Sequence[str], attributes: Sequence[AttributeRule]) -> Matching:
    """Return the matching that the column names suggest, with each target at most once.

    Columns with unknown names are IGNORED. `attributes` are those of the org.
    """
    guesses = [_guesses(name, attributes) for name in columns]
    targets = [IGNORED] * len(columns)
    # A wire name wins over a word that means the same.
    for sureness in range(4):
        for at, of_column in enumerate(guesses):
            target = of_column[sureness]
            if target and target not in targets and targets[at] == IGNORED:
                targets[at] = target
    if not {CONFIGURATION, SKU} & set(targets):
        for at, name in enumerate(columns):
            if targets[at] == IGNORED and plain_name(name) in _WEAK_CONFIGURATIONS:
                targets[at] = CONFIGURATION
                break
    group = next((targets.index(one) for one in _JOINING if one in targets), None)
    return Matching(tuple(targets), group)


def _guesses(name: str, attributes: Sequence[AttributeRule]) -> tuple[str, ...]:
    """Return four guesses at a column's target, the surest first; each is "" if nothing matches.

    They are found by a wire name, by one of the org's `attributes`, by a common word, and by a less
    certain word.
    """
    if name.lower().startswith(TOTAL):
        return ("",) * 4  # an export computes it
    word = plain_name(name)
    wire = _TARGET_BY_NAME.get(name.lower(), "")
    area, dot, key = name.partition(".")
    if not wire and dot and key.strip() and area.lower() in OBJECTS:
        wire = f"{area.lower()}.{key.strip()}"
    if of_line := line_key(name):
        wire = f"{LINE_METADATA}.{of_line}"
    attribute = next((one.path for one in attributes if word in map(plain_name, one.names)), "")
    return wire, attribute, _TARGET_BY_WORD.get(word, ""), _WEAK_WORDS.get(word, "")


def line_key(target: str) -> str:
    """Return the key of a line's metadata that a target or a column's name names; "" for none."""
    start = f"{LINE_METADATA}."
    return target[len(start) :].strip() if target.lower().startswith(start) else ""


def plain_name(name: str) -> str:
    """Return a name in lowercase without spaces and punctuation: "orderno" for "Order No."."""
    return re.sub(r"[\W_]+", "", plain_characters(name).casefold())


def free_targets(name: str) -> tuple[str, ...]:
    """Return the targets that would import a column under its own name, as a key of an object.

    For a column "Color", these are `metadata.Color` and `derivative.Color`; for a column
    "cart.metadata.Color", that key of the lines' metadata. If the name begins with
    an object ("metadata.Color"), the key is what follows the dot. A `platform` key is possible only
    for a name that begins with `platform.`.
    """
    if of_line := line_key(name):
        return (f"{LINE_METADATA}.{of_line}",)
    area, dot, key = name.partition(".")
    is_named = bool(dot and key.strip()) and area.lower() in OBJECTS
    own = key.strip() if is_named else name
    areas = OBJECTS if is_named and area.lower() == OBJECTS[0] else AREAS
    return tuple(f"{one}.{own}" for one in areas)


def is_named_by(target: str, name: str) -> bool:
    """Return whether a column's name is its target (`metadata.Color`), ignoring case.

    Exported files name their columns this way.
    """
    return name.lower() == target.lower()


def possible_targets(columns: Sequence[str], keys: Iterable[str]) -> frozenset[str]:
    """Return every target that any of these columns can have.

    `keys` are the keys of the org's attributes.
    """
    known = {f"{area}.{key}" for area in (*AREAS, LINE_METADATA) for key in keys}
    own = {target for name in columns for target in free_targets(name)}
    return frozenset({IGNORED, *ORDER_TARGETS, *LINE_TARGETS, *REST_TARGETS} | known | own)


def matching_faults(
    matching: Matching, columns: Sequence[str], keys: Iterable[str]
) -> list[FieldError]:
    """Return the errors in a matching; [] if it is valid.

    `keys` are the keys of the org's attributes. The path of an error is `column.<position>`,
    `group`, or "" if no column names the configuration.
    """
    possible = possible_targets(columns, keys)
    faults = []
    for at, target in enumerate(matching.targets):
        first = matching.targets.index(target)
        if target not in possible:
            faults.append(FieldError(f"column.{at}", NOT_OF_THE_LIST))
        elif target != IGNORED and first != at:
            sentence = lazy_gettext(
                "The column “%(column)s” is already imported as this.", column=columns[first]
            )
            faults.append(FieldError(f"column.{at}", sentence))
    if matching.group is not None and not 0 <= matching.group < len(columns):
        faults.append(FieldError("group", NOT_OF_THE_LIST))
    if not {CONFIGURATION, SKU} & set(matching.targets):
        faults.append(FieldError("", lazy_gettext("Choose the column that contains the product.")))
    return faults


def best_guess(name: str, attributes: Sequence[AttributeRule]) -> str:
    """Return the label of the field that a column of this name most likely contains, or "".

    The match is approximate: `name` may contain a known name, or differ from one by a few letters.
    """
    word = plain_name(name)
    every = {**ORDER_TARGETS, **LINE_TARGETS}
    labels = {known: every[target] for known, target in _TARGET_BY_WORD.items()}
    for rule in attributes:
        labels |= {plain_name(name): rule.label for name in rule.names}
    parts = [one for one in labels if len(one) >= SHORTEST_PART and one in word]
    if parts:
        return labels[max(parts, key=len)]
    near = process.extractOne(word, labels.keys(), scorer=fuzz.ratio, score_cutoff=ALIKE)
    return labels[near[0]] if near else ""


def still_fits(matching: Matching, columns: Sequence[str], keys: Iterable[str]) -> bool:
    """Return whether the matching of an earlier file is valid for a file with these columns.

    `keys` are the keys of the org's attributes.
    """
    possible = possible_targets(columns, keys)
    return len(matching.targets) == len(columns) and possible.issuperset(matching.targets)
