"""The deprecated `items`: kept as sent, and turned into cart lines where that is possible."""

from typing import Any

from orders.rules.configuration_id import is_configuration_id
from orders.rules.count import whole_count

NAMES = ("id", "configurationId")


def convert_items(items: list[Any]) -> list[dict[str, Any]] | None:
    """Give the entries as cart lines, or None when not every one can be converted.

    An entry names its configuration by `id` or `configurationId` (by both only if they agree), and
    has a valid `count` and optionally an object as `metadata`. Other keys do not matter: `items`
    itself keeps them. No entries at all are nothing to convert.
    """
    lines = []
    for entry in items:
        line = _line(entry)
        if line is None:
            return None
        lines.append(line)
    return lines or None


def _line(entry: object) -> dict[str, Any] | None:
    if not isinstance(entry, dict):
        return None
    names = [entry[name] for name in NAMES if name in entry]
    if not names or any(name != names[0] for name in names):
        return None
    if not isinstance(names[0], str) or not is_configuration_id(names[0]):
        return None
    count = whole_count(entry.get("count"))
    if count is None:
        return None
    line: dict[str, Any] = {"configurationId": names[0], "count": count}
    if "metadata" in entry:
        if not isinstance(entry["metadata"], dict):
            return None
        line["metadata"] = entry["metadata"]
    return line
