"""The deprecated field `items` of old clients, and the conversion of its entries to cart lines."""

import re
from dataclasses import dataclass
from typing import Any

from orders.domain.errors import FieldError
from orders.domain.fields import MAX_COUNT, whole_count
from orders.domain.identifiers import canonical_configuration_id
from orders.domain.order import Cart, CartLine
from orders.domain.texts import Figure, lazy_gettext

ID_NAMES = ("id", "configurationId")
NOT_CONVERTED = lazy_gettext("Stored as sent, but not added to the cart.")

_DIGITS = re.compile(r"[0-9]{1,7}")
# Other names of a count: with one of them a missing count does not mean 1.
_COUNT_WORDS = {"count", "quantity", "qty", "amount", "pieces", "pcs", "units", "number", "menge",
                "anzahl", "stueck"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConvertedItems:
    """Either all entries of `items` as cart lines, or warnings that say why none was converted."""

    lines: Cart = ()
    warnings: tuple[FieldError, ...] = ()


def convert_items(items: list[Any]) -> ConvertedItems:
    """Convert the entries of `items` to cart lines: either all of them, or none, with warnings.

    An entry names its configuration by `id` or `configurationId`; if it has both, they must be
    equal. Its `count` may be a string of digits; a missing count is 1, but an entry with a count
    under another name, such as `qty`, is not converted. Its `metadata` must be an object; `[]`,
    which PHP sends, is an empty one. Null counts as missing. Other keys are ignored.
    """
    lines, warnings = [], []
    for position, entry in enumerate(items):
        read = _read_entry(entry, f"items.{position}")
        if isinstance(read, FieldError):
            warnings.append(read)
        else:
            lines.append(read)
    return not_converted(warnings) if warnings else ConvertedItems(tuple(lines))


def not_converted(reasons: list[FieldError]) -> ConvertedItems:
    """Return the result of a failed conversion: no lines, and the reasons as warnings."""
    return ConvertedItems((), (FieldError("items", NOT_CONVERTED), *reasons))


def id_path(items: list[Any], position: int) -> str:
    """Return the path of the configuration ID in a converted entry, such as `items.0.id`."""
    name = next(name for name in ID_NAMES if items[position].get(name) is not None)
    return f"items.{position}.{name}"


def modern_lines(lines: list[Any], *, is_legacy: bool = False) -> list[Any]:
    """Return cart lines with the key `id`, which old clients send, renamed to `configurationId`.

    If `is_legacy` is true, counts are converted by `read_legacy_count`. Malformed lines are kept
    unchanged.
    """
    return [_modern_line(line, is_legacy) if isinstance(line, dict) else line for line in lines]


def _modern_line(line: dict[Any, Any], is_legacy: bool) -> dict[Any, Any]:
    if "id" in line and "configurationId" not in line:
        line = {("configurationId" if key == "id" else key): line[key] for key in line}
    if is_legacy and (count := read_legacy_count(line.get("count"))) is not None:
        line = {**line, "count": count}
    return line


def read_legacy_count(value: object) -> int | None:
    """Return a count sent as a number or a string of digits; None if it is invalid.

    The count is 1 if `value` is None.
    """
    if value is None:
        return 1
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    return whole_count(value)


def _other_count(entry: dict[Any, Any]) -> str | None:
    """Return the key of an entry that seems to be a count under another name, or None."""
    for key in entry:
        if key != "count" and str(key).casefold().replace("_", "").strip() in _COUNT_WORDS:
            return str(key)
    return None


def _read_entry(entry: object, path: str) -> CartLine | FieldError:
    if not isinstance(entry, dict):
        return FieldError(path, lazy_gettext("An object."))
    sent = [name for name in ID_NAMES if entry.get(name) is not None]
    if not sent:
        return FieldError(path, lazy_gettext("No configuration given: send id or configurationId."))
    if entry[sent[0]] != entry[sent[-1]]:
        return FieldError(path, lazy_gettext("Two different configurations given."))
    reference = entry[sent[0]]
    configuration = canonical_configuration_id(reference) if isinstance(reference, str) else None
    count = read_legacy_count(entry.get("count"))
    metadata = {} if entry.get("metadata") == [] else entry.get("metadata")
    if configuration is None:
        fault, sentence = sent[0], lazy_gettext("Not the ID of a configuration.")
    elif count is None:
        most = Figure(MAX_COUNT)
        fault, sentence = "count", lazy_gettext("A whole number from 1 to %(most)s.", most=most)
    elif entry.get("count") is None and (other := _other_count(entry)):
        fault, sentence = other, lazy_gettext("Not recognized as a quantity: send it as count.")
    elif not isinstance(metadata, dict | None):
        fault, sentence = "metadata", lazy_gettext("An object.")
    else:
        return CartLine(configuration, count, metadata)
    return FieldError(f"{path}.{fault}", sentence)
