"""Puts what a pasted text says into the order form, and shows what was found in it.

The text stays in a hidden field of the form, and is read again whenever the form is rendered. What
was taken over from it is in another hidden field, with the values before, so that it can be undone
as long as nobody changes it. A value that someone has typed is never replaced unasked.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from wtforms import Field

from orders.domain.attributes import display
from orders.domain.message_facts import CUSTOMER, Found
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_now
from orders.interfaces.desk.forms import element_id
from orders.interfaces.desk.order_form.form_fields import pasted_rows
from orders.interfaces.desk.order_form.order_form import OrderEntry, new_entry
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import gettext, translated
from orders.services.customers.customer_queries import names_of
from orders.services.orders.pasted import BETWEEN, MAX_PASTED, ReadText, joined, read_pasted

MOST_TEXTS = 20  # texts in one order that are read apart
MOST_OPEN = 10  # lines that name a product and are not in the cart
MAX_TEXT_SHOWN = 120  # characters of the words from which a value was read


@dataclass(frozen=True, slots=True)
class ShownFind:
    """A value that was found in a pasted text, as the form shows it.

    `path` is the name of its form field, and `value` what goes into it; `shown` is the value for
    people, and `text` the words that say it. `is_taken` is true if the form has the value from the
    text; `before` is then what the field had. `is_equal` is true if the form has the same value.
    """

    path: str
    label: str
    value: str
    shown: str
    text: str
    is_taken: bool
    is_equal: bool
    before: str = ""


@dataclass(frozen=True, slots=True)
class ShownText:
    """A pasted text as the form shows it.

    `finds` are the values that were found. `lines` are the lines of the text, each with whether it
    was used; `unused` is the number of those that were not, and `open` are those of them that name
    a product. `is_cut` is true if the end is not kept.
    """

    finds: list[ShownFind]
    lines: list[tuple[str, bool]]
    unused: int
    is_cut: bool
    open: list[str]


def add_pasted(entry: OrderEntry, text: str, into: OrderEntry, first: int) -> None:
    """Append the rows of a pasted text to `into`, and put what else it says into `entry`.

    `first` is the number of the first row. Raises InvalidInput for more lines than an order may
    have.
    """
    read = _read(entry, text, current_limits().cart_lines)
    into.lines += pasted_rows(read.rows, first)
    entry.form.pasted.process_data(joined(entry.form.pasted.data or "", text))
    empty = {name: field.data for name, field in _fields(new_entry(signed_in().actor.org)).items()}
    fields, taken = _fields(entry), _taken(entry)
    for found in read.found:
        field = fields.get(found.path)
        if field is None or not found.is_exact:
            continue
        if not field.data or field.data == empty.get(found.path):
            _take(field, found, taken)
    entry.form.taken.process_data(json.dumps(taken) if taken else "")


def use_found(entry: OrderEntry, named: str) -> None:
    """Put a value that was found in the pasted text into its field.

    `named` is its path, an equals sign, and the value. Other texts change nothing.
    """
    fields, taken = _fields(entry), _taken(entry)
    for found in (one for read in _read_kept(entry) for one in read.found):
        field = fields.get(found.path)
        if field is not None and f"{found.path}={found.value}" == named:
            _take(field, found, taken)
            entry.form.taken.process_data(json.dumps(taken))
            entry.focus = element_id(field.name)


def undo_found(entry: OrderEntry, path: str) -> None:
    """Set a field that was filled in from the pasted text to its value before."""
    field, taken = _fields(entry).get(path), _taken(entry)
    if field is not None and path in taken:
        field.process_data(taken.pop(path)["before"])
        entry.form.taken.process_data(json.dumps(taken) if taken else "")
        entry.focus = element_id(field.name)


@desk.app_template_global()
def pasted_text(entry: OrderEntry) -> ShownText | None:
    """Return what the form shows of the pasted text; None if nothing was pasted."""
    kept = (entry.form.pasted.data or "")[:MAX_PASTED]
    if not kept.strip():
        return None
    reads = _read_kept(entry)
    unused = {_words_of(line) for read in reads for line in read.unused}
    lines = [(line, _words_of(line) not in unused) for line in kept.split("\n")]
    return ShownText(
        _shown(entry, [found for read in reads for found in read.found]),
        lines,
        sum(not is_used for _, is_used in lines),
        len(kept) >= MAX_PASTED,
        [line.strip() for read in reads for line in read.open][:MOST_OPEN],
    )


def _words_of(line: str) -> str:
    """Return a line without the separators of its cells."""
    return " ".join(re.sub(r"[\t;|]", " ", line).split())


def _shown(entry: OrderEntry, finds: list[Found]) -> list[ShownFind]:
    fields, taken = _fields(entry), _taken(entry)
    rules = {one.path: one.rule for one in entry.attributes}
    names = names_of([one.value for one in finds if one.path == CUSTOMER], signed_in().org_id)
    shown: dict[tuple[str, str], ShownFind] = {}
    for one in finds:
        field = fields.get(one.path)
        if field is None:
            continue
        is_equal = field.data == one.value
        is_taken = is_equal and taken.get(one.path, {}).get("after") == one.value
        name = names.get(one.value) if one.path == CUSTOMER else None
        rule = rules.get(one.path)
        text = translated(display(rule, one.value)) if rule else one.value
        text = f"{name} ({one.value})" if name else text
        said = one.text[:MAX_TEXT_SHOWN] if one.path != CUSTOMER else ""
        before = taken[one.path]["before"] if is_taken else ""
        label = rule.label if rule else gettext("Customer")
        find = ShownFind(one.path, label, one.value, text, said, is_taken, is_equal, before)
        shown.setdefault((one.path, one.value), find)
    return list(shown.values())


def _fields(entry: OrderEntry) -> dict[str, Field]:
    """Return the fields that a text can fill in, by path."""
    fields = {one.path: one.field for one in entry.attributes}
    return {CUSTOMER: entry.form.customer_id, **fields}


def _take(field: Field, found: Found, taken: dict[str, dict[str, str]]) -> None:
    before = taken.get(found.path, {}).get("before", field.data or "")
    taken[found.path] = {"before": before, "after": found.value}
    field.process_data(found.value)


def _read(entry: OrderEntry, text: str, most: int | None = None) -> ReadText:
    """Read a text; for one rendering of the form, the same text is read once.

    Raises InvalidInput if it has more than `most` lines of the cart.
    """
    known = entry.read_texts
    plain = joined("", text)
    if len(plain) >= MAX_PASTED or plain not in known:
        actor, today = signed_in().actor, local_now().date()
        known[plain] = read_pasted(text, actor, today=today, most=most)
    return known[plain]


def _read_kept(entry: OrderEntry) -> list[ReadText]:
    """Read the texts that are kept in the form again."""
    kept = (entry.form.pasted.data or "")[:MAX_PASTED]
    return [_read(entry, text) for text in kept.split(BETWEEN, MOST_TEXTS)]


def _taken(entry: OrderEntry) -> dict[str, dict[str, str]]:
    """Return what was taken over, by path; {} for anything that this module has not written."""
    try:
        taken: Any = json.loads(entry.form.taken.data or "{}")
        return {
            str(path): {"before": str(one["before"]), "after": str(one["after"])}
            for path, one in taken.items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}
