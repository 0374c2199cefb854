"""Server-side actions of the buttons in the order form, for browsers without JavaScript."""

from orders.domain.errors import InvalidInput
from orders.domain.typed_values import read_whole
from orders.interfaces.desk.blueprint import signed_in
from orders.interfaces.desk.forms import element_id
from orders.interfaces.desk.order_form.form_fields import (
    FormLine,
    RemovedRow,
    TypedLine,
    extra_row,
    free_number,
    line_row,
)
from orders.interfaces.desk.order_form.form_page import line_errors
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.desk.order_form.pasted_form import add_pasted, undo_found, use_found


def do_action(entry: OrderEntry, action: str, org_id: str) -> None:
    """Change the form as the pressed button asks.

    `action` is a verb, for some verbs followed by a row's number and a configuration's reference:
    `add`, `remove:3` or `pick:3:OSL-1`, for example. An unknown verb or row changes nothing. `join`
    requires that `entry.resolve` was called.
    """
    verb, _, rest = action.partition(":")
    number, _, reference = rest.partition(":")
    line = next((one for one in entry.lines if str(one.row) == number), None)
    if verb == "add":
        _add(entry, TypedLine(), len(entry.lines))
    elif verb == "add-extra":
        added = free_number(entry.extras)
        entry.extras.append(extra_row(added))
        entry.focus = element_id(f"extra.{added}.key")
    elif verb == "paste":
        _paste(entry, org_id)
    elif verb == "use":
        use_found(entry, rest)
    elif verb == "unuse":
        undo_found(entry, rest)
    elif verb == "usual":
        _add_usual(entry, rest)
    elif verb == "undo" and entry.removed is not None:
        _restore(entry, entry.removed)
    elif line is not None:
        _do_with_line(entry, verb, line, reference)
    entry.resolve(org_id)


def _do_with_line(entry: OrderEntry, verb: str, line: FormLine, reference: str) -> None:
    at = entry.lines.index(line)
    if verb in {"up", "down"}:
        entry.lines.pop(at)
        entry.lines.insert(max(at - 1, 0) if verb == "up" else at + 1, line)
        entry.focus = element_id(line.reference.name)
    elif verb == "duplicate":
        _add(entry, line.typed, at + 1)
    elif verb == "remove":
        _remove(entry, at)
    elif verb == "join":
        _join(entry, line)
    elif verb == "details":
        entry.opened.add(line.row)
        entry.focus = element_id(line.details.name)
    elif verb == "pick":
        line.reference.data, line.matched = reference, ""
        entry.focus = element_id(line.count.name)
    elif verb == "confirm":
        line.matched = ""
        entry.focus = element_id(line.count.name)


def _paste(entry: OrderEntry, org_id: str) -> None:
    before, entry.lines = entry.lines, entry.filled_lines
    try:
        add_pasted(entry, entry.form.paste.data or "", entry, free_number(before))
    except InvalidInput as invalid:
        entry.lines = before
        entry.show(invalid.errors)
        return
    entry.form.paste.process_data("")
    entry.resolve(org_id)
    entry.mark(line_errors(entry, signed_in()))
    _add(entry, TypedLine(), len(entry.lines))


def _restore(entry: OrderEntry, removed: RemovedRow) -> None:
    """Add the row again that was removed; if it was merged, take its count back."""
    into = next((one for one in entry.lines if one.row == removed.merged_into), None)
    if into is not None:
        now, added = read_whole(into.count.data), read_whole(removed.typed.count)
        if isinstance(now, int) and isinstance(added, int) and now > added:
            into.count.data = str(now - added)
    entry.removed = None
    _add(entry, removed.typed, min(removed.position, len(entry.lines)), removed.line_id)


def _add(entry: OrderEntry, typed: TypedLine, at: int, line_id: int | None = None) -> None:
    line = line_row(entry.next_row, typed, line_id)
    entry.lines.insert(at, line)
    entry.focus = element_id(line.reference.name)


def _add_usual(entry: OrderEntry, rest: str) -> None:
    """Add a line with a usual product of the customer; `rest` is its number, count, and name."""
    _, _, named = rest.partition(":")
    count, _, reference = named.partition(":")
    if reference:
        entry.lines = [*entry.filled_lines, line_row(entry.next_row, TypedLine(reference, count))]
        entry.focus = element_id(entry.lines[-1].count.name)


def _remove(entry: OrderEntry, at: int) -> None:
    line = entry.lines.pop(at)
    entry.removed = RemovedRow(at, line.typed, line.line_id)
    if not entry.lines:
        _add(entry, TypedLine(), 0)
    entry.focus = element_id(entry.lines[min(at, len(entry.lines) - 1)].reference.name)


def _join(entry: OrderEntry, line: FormLine) -> None:
    """Merge `line` into the first row with the same configuration and details.

    Adds its count to that row's count and removes `line`. Changes no row if there is no such row,
    or if one of the counts is not a number.
    """
    first = entry.same_as(line)
    if first is None:
        return
    counts = [read_whole(one.count.text) for one in (first, line)]
    if all(isinstance(count, int) for count in counts):
        first.count.data = str(sum(int(count) for count in counts))
        at = entry.lines.index(line)
        entry.lines.remove(line)
        entry.removed = RemovedRow(at, line.typed, line.line_id, first.row)
    # Otherwise the person must fix the count first; the error is shown at its field.
    entry.focus = element_id(first.count.name)
