"""What the buttons of the form's rows do; this is how rows work without JavaScript."""

from orders.rules.typed_values import read_whole
from orders.staff.entry.form_rows import (
    FormLine,
    TypedLine,
    extra_row,
    free_number,
    line_row,
    pasted_rows,
)
from orders.staff.entry.order_form import OrderEntry, RemovedRow
from orders.staff.forms import element_id


def do_action(entry: OrderEntry, action: str) -> None:
    """Perform the action of a button: a verb, for most followed by `:` and the number of a row.

    An unknown verb or row changes nothing. The entry's configurations must be resolved before
    `join`, and again after any action.
    """
    verb, _, rest = action.partition(":")
    number, _, reference = rest.partition(":")
    at = next((i for i, line in enumerate(entry.lines) if str(line.row) == number), None)
    if verb == "add":
        _add(entry, TypedLine(), len(entry.lines))
    elif verb == "add-extra":
        added = free_number(entry.extras)
        entry.extras.append(extra_row(added))
        entry.focus = element_id(f"extra.{added}.key")
    elif verb == "paste":
        entry.lines = entry.filled_lines
        entry.lines += pasted_rows(entry.form.paste.data or "", entry.next_row)
        entry.form.paste.process_data("")
        _add(entry, TypedLine(), len(entry.lines))
    elif verb == "undo" and entry.removed is not None:
        removed, entry.removed = entry.removed, None
        _add(entry, removed.typed, min(removed.position, len(entry.lines)))
    elif at is not None and verb in _ROW_ACTIONS:
        _ROW_ACTIONS[verb](entry, at)
    elif at is not None and verb == "pick":
        entry.lines[at].reference.data = reference
        entry.focus = element_id(f"cart.{number}.count")


def _add(entry: OrderEntry, typed: TypedLine, at: int) -> None:
    row = line_row(entry.next_row, typed)
    entry.lines.insert(at, row)
    _focus(entry, row)


def _duplicate(entry: OrderEntry, at: int) -> None:
    _add(entry, entry.lines[at].typed, at + 1)


def _remove(entry: OrderEntry, at: int) -> None:
    line = entry.lines.pop(at)
    entry.removed = RemovedRow(at, line.typed)
    if not entry.lines:
        _add(entry, TypedLine(), 0)
    _focus(entry, entry.lines[min(at, len(entry.lines) - 1)])


def _up(entry: OrderEntry, at: int) -> None:
    _move(entry, at, max(at - 1, 0))


def _down(entry: OrderEntry, at: int) -> None:
    _move(entry, at, at + 1)


def _move(entry: OrderEntry, at: int, to: int) -> None:
    line = entry.lines.pop(at)
    entry.lines.insert(to, line)
    _focus(entry, line)


def _join(entry: OrderEntry, at: int) -> None:
    """Add the row's count to the first row with the same configuration, and remove the row."""
    line = entry.lines[at]
    first = entry.same_as(line)
    if first is None:
        return
    counts = [read_whole(one.count.text) for one in (first, line)]
    if all(isinstance(count, int) for count in counts):
        first.count.data = str(sum(int(count) for count in counts))
        entry.lines.remove(line)
        entry.removed = None
    # Otherwise the person must fix the count first; the error is shown at its field.
    entry.focus = element_id(f"cart.{first.row}.count")


def _details(entry: OrderEntry, at: int) -> None:
    line = entry.lines[at]
    entry.opened.add(line.row)
    entry.focus = element_id(f"cart.{line.row}.metadata")


def _focus(entry: OrderEntry, row: FormLine) -> None:
    entry.focus = element_id(f"cart.{row.row}.configurationId")


_ROW_ACTIONS = {
    "up": _up,
    "down": _down,
    "remove": _remove,
    "duplicate": _duplicate,
    "join": _join,
    "details": _details,
}
