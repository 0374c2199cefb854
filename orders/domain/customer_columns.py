"""Customer records as rows of a table: how columns are recognized, read and written.

The target of a column is what it fills: the path of a field in the JSON of a record (`name`,
`addresses.0.city`), a key of the defaults (`defaults.finish`), or "" for a column that is not read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orders.domain.attributes import AttributeRule, Kind
from orders.domain.column_matching import plain_name
from orders.domain.countries import named_country
from orders.domain.customer import MAX_ADDRESSES, Customer, customer_fields
from orders.domain.sheet_reading import read_value, write_value
from orders.domain.typed_values import read_attribute

CUSTOMER_ID = "customerId"
TEXTS = (CUSTOMER_ID, "name", "contact", "email", "phone", "notes")
ADDRESS_PARTS = ("label", "lines", "city", "postalCode", "country")
MOST_KEYS = 200  # of defaults, with columns of their own in an export
DEFAULTS = "defaults"  # all keys without a column, as a JSON object
IGNORED = ""

# Common column names, in lowercase, without spaces and punctuation.
_WORDS = {
    CUSTOMER_ID: "customerid customerno customernumber customernr id kundennummer kundennr "
    "kundenid debitor debitorennummer account accountno",
    "name": "name customername customer company companyname firma kunde kundenname",
    "contact": "contact contactperson contactname ansprechpartner kontakt",
    "email": "email emailaddress mail emailadresse mailadresse",
    "phone": "phone phonenumber telephone tel telefon telefonnummer mobile",
    "notes": "notes note comment comments notizen notiz bemerkung bemerkungen",
    "addresses.0.label": "addresslabel adressbezeichnung",
    "addresses.0.lines": "address addresslines street streetaddress adresse strasse straße",
    "addresses.0.city": "city town ort stadt",
    "addresses.0.postalCode": "postalcode postcode zip zipcode plz postleitzahl",
    "addresses.0.country": "country countrycode land ländercode",
}
_TARGET_BY_WORD = {word: target for target, words in _WORDS.items() for word in words.split()}
_ADDRESS = re.compile(rf"addresses\.([0-9]{{1,3}})\.({'|'.join(ADDRESS_PARTS)})", re.IGNORECASE)
_PART_BY_NAME = {part.lower(): part for part in ADDRESS_PARTS}

Cell = str | int | float


def targets_of(columns: Sequence[str], rules: Iterable[AttributeRule]) -> tuple[str, ...]:
    """Return the target of each column by its name; each target at most once.

    Names as an export writes them are the surest, then common words, then keys and labels of the
    org's attributes (`rules`).
    """
    own = {
        plain_name(name): f"defaults.{rule.key}"
        for rule in rules
        if "metadata" in rule.areas
        for name in (rule.label, rule.key)
    }
    guesses = [
        (_by_path(name), _TARGET_BY_WORD.get(plain_name(name), ""), own.get(plain_name(name), ""))
        for name in columns
    ]
    targets = [IGNORED] * len(columns)
    for sureness in range(3):
        for at, guess in enumerate(guesses):
            if guess[sureness] and guess[sureness] not in targets and not targets[at]:
                targets[at] = guess[sureness]
    return tuple(targets)


def _by_path(name: str) -> str:
    area, dot, key = name.strip().partition(".")
    if match := _ADDRESS.fullmatch(name.strip()):
        number = int(match[1])
        part = _PART_BY_NAME[match[2].lower()]
        return f"addresses.{number}.{part}" if number <= MAX_ADDRESSES else ""
    if area.lower() == DEFAULTS:
        return f"defaults.{key}" if key else (DEFAULTS if not dot else "")
    return next((one for one in TEXTS if one.lower() == name.strip().lower()), "")


@dataclass(frozen=True, slots=True)
class CustomerCells:
    """A row as the JSON of a record (`raw`), with a value for each field that has a column.

    An empty cell is null. `addresses` has the parts of each address that have a column, by the
    number of the address in the columns. `places` are these numbers of the addresses in `raw`,
    which leaves out addresses without any value.
    """

    raw: dict[str, Any]
    addresses: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    places: tuple[int, ...] = ()

    def target(self, path: str) -> str:
        """Return the target of the column that caused an error with this path."""
        parts = path.split(".")
        if parts[0] == "addresses" and len(parts) > 2 and int(parts[1]) < len(self.places):
            return f"addresses.{self.places[int(parts[1])]}.{parts[2]}"
        return path


def read_row(
    cells: Sequence[str],
    targets: Sequence[str],
    rules: Iterable[AttributeRule],
    *,
    decimal_comma: bool = False,
) -> CustomerCells:
    """Return the cells of a row as JSON; values are checked by the service."""
    by_path = {f"defaults.{rule.key}": rule for rule in rules if "metadata" in rule.areas}
    raw: dict[str, Any] = {}
    addresses: dict[int, dict[str, Any]] = {}
    defaults: dict[str, Any] = {}
    for target, cell in zip(targets, cells, strict=False):
        text = cell.strip()
        if match := _ADDRESS.fullmatch(target):
            addresses.setdefault(int(match[1]), {})[match[2]] = _part(match[2], text)
        elif target == DEFAULTS and text:
            found = read_value(text)
            # What is no object is reported by the check of the record.
            defaults = {**found, **defaults} if isinstance(found, dict) else {DEFAULTS: text}
        elif target.startswith("defaults.") and text:
            rule = by_path.get(target)
            defaults[target.partition(".")[2]] = (
                read_attribute(rule, text, decimal_comma=decimal_comma)
                if rule
                else read_value(text)
            )
        elif target in TEXTS:
            raw[target] = text or None
    if any(target.partition(".")[0] == DEFAULTS for target in targets):
        raw["defaults"] = defaults
    filled = {number: one for number, one in sorted(addresses.items()) if any(one.values())}
    if addresses:
        raw["addresses"] = list(filled.values())
    return CustomerCells(raw, addresses, tuple(filled))


def changes_of(
    row: CustomerCells, before: Customer, targets: Sequence[str], rules: Sequence[AttributeRule]
) -> CustomerCells:
    """Return a row with only the fields that differ from the stored record `before`.

    What has no column keeps its stored value: other parts of an address, other addresses, and other
    keys of the defaults. A cell that is as an export would write it is no difference.
    """
    written = iter(write_row(before, [target for target in targets if target], rules))
    cells = [str(next(written)) if target else "" for target in targets]
    stored = read_row(cells, targets, rules)
    different = {
        name: value
        for name, value in row.raw.items()
        if name != CUSTOMER_ID and value != stored.raw.get(name)
    }
    if "defaults" in different:
        own = stored.raw["defaults"]
        others = {key: one for key, one in before.defaults.items() if key not in own}
        different["defaults"] = {**others, **different["defaults"]}
    merged: dict[int, dict[str, Any]] = {}
    if "addresses" in different:
        for at in range(max(len(before.addresses), *(one + 1 for one in row.addresses))):
            kept = before.addresses[at] if at < len(before.addresses) else {}
            address = {**kept, **row.addresses.get(at, {})}
            if any(address.values()):
                merged[at] = address
        different["addresses"] = list(merged.values())
    return CustomerCells(different, merged, tuple(merged))


def _part(part: str, text: str) -> Any:  # noqa: ANN401 - a JSON value
    if part == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()]
    if part == "country":
        return named_country(text) or text or None
    return text or None


def export_columns(records: Iterable[Customer], rules: Iterable[AttributeRule]) -> tuple[str, ...]:
    """Return the names of the columns that a table of these records needs.

    Among the keys of defaults, those of the org's attributes (`rules`) come first. Keys beyond
    MOST_KEYS share the column DEFAULTS.
    """
    keys: dict[str, None] = {rule.key: None for rule in rules if "metadata" in rule.areas}
    addresses = 1
    for record in records:
        keys |= dict.fromkeys(record.defaults)
        addresses = max(addresses, len(record.addresses))
    named = [key for key in keys if key][:MOST_KEYS]
    rest = (DEFAULTS,) if len(named) < len(keys) else ()
    parts = (f"addresses.{at}.{part}" for at in range(addresses) for part in ADDRESS_PARTS)
    return (*TEXTS, *parts, *(f"defaults.{key}" for key in named), *rest)


def write_row(
    record: Customer, columns: Sequence[str], rules: Iterable[AttributeRule]
) -> list[Cell]:
    """Return a record as cells for the columns of `export_columns`."""
    fields = customer_fields(record)
    texts = {rule.key for rule in rules if rule.kind in {Kind.TEXT, Kind.OPTION}}
    cells: list[Cell] = []
    for column in columns:
        area, _, rest = column.partition(".")
        if area == "addresses":
            number, _, part = rest.partition(".")
            address = record.addresses[int(number)] if int(number) < len(record.addresses) else {}
            value = address.get(part)
            cells.append("\n".join(value) if isinstance(value, list) else value or "")
        elif column == DEFAULTS:
            own = {one.partition(".")[2] for one in columns if one.startswith("defaults.")}
            others = {key: one for key, one in record.defaults.items() if key not in own}
            cells.append(write_value(others) if others else "")
        elif area == DEFAULTS:
            cells.append(_default_cell(record.defaults, rest, is_text=rest in texts))
        else:
            cells.append(fields[column] or "")
    return cells


def _default_cell(defaults: dict[str, Any], key: str, *, is_text: bool) -> Cell:
    if key not in defaults or (is_text and defaults[key] is None):
        return ""
    value = defaults[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return write_value(value, is_text=is_text and isinstance(value, str))
