"""What the pages with the order form share: reading it, checking it, drawing it again."""

import re
import secrets
from dataclasses import dataclass, field

from flask import Response

from orders import intake
from orders.access import StaffMember
from orders.entry.customers import find_customers
from orders.notes import check_note
from orders.queries import find_order
from orders.revisions.order_edits import check_edit, order_at
from orders.rules.errors import FieldError, InvalidInput, InvalidOrder
from orders.rules.merging import changed_fields
from orders.rules.order import Order, OrderDraft
from orders.rules.typed_values import whole_number
from orders.staff.blueprint import signed_in
from orders.staff.entry.form_rows import FormData, element_id
from orders.staff.entry.order_form import OrderEntry, blank_line, read_entry
from orders.staff.entry.prefilled import entry_of
from orders.web.current_settings import current_limits
from orders.web.pages import page_or_piece, wants_piece

# The key that makes a form's order unique (docs/decisions/0005-…): 128 random bits.
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True)
class FormPage:
    """What differs between the pages that show the form.

    `address` is where it is sent; `hidden` are fields of the page that come back with it;
    what is typed is kept on the server meanwhile, by sending it to `draft_address`.
    """

    title: str
    address: str
    hidden: dict[str, str] = field(default_factory=dict)
    draft_address: str = ""
    # The order that is changed; None for a new one.
    order: Order | None = None


def new_key() -> str:
    """Make a key for a form, or a name for an open page."""
    return secrets.token_urlsafe(16)


def is_key(text: str) -> bool:
    """Tell whether a text is a form's key."""
    return _KEY.fullmatch(text) is not None


def number_in(sent: FormData, name: str) -> int:
    """Read a number that the page itself has put into the form; 0 when somebody changed it."""
    return whole_number(sent.get(name, "")) or 0


def sent_entry(sent: FormData, member: StaffMember) -> OrderEntry:
    """Read a form as it was sent, with the configurations that it names."""
    entry = read_entry(sent, member.actor.org)
    entry.resolve(member.org_id)
    return entry


def check_new(entry: OrderEntry, member: StaffMember, **changes: object) -> OrderDraft:
    """Check a new order, with some of its fields replaced. Raises InvalidOrder."""
    faults = [*entry.faults(), *_note_faults(entry)]
    try:
        draft = intake.check_order(
            {**entry.raw(), **changes}, actor=member.actor, limits=current_limits(),
            legacy_items=False,
        )  # fmt: skip
    except InvalidOrder as invalid:
        raise InvalidOrder([*invalid.errors, *faults]) from invalid
    if faults:
        raise InvalidOrder(faults)
    return draft


def _note_faults(entry: OrderEntry) -> list[FieldError]:
    try:
        if note_of(entry):
            check_note(note_of(entry))
    except InvalidInput as invalid:
        return list(invalid.errors)
    return []


def note_of(entry: OrderEntry) -> str:
    """Give the note for the team that stands on the form, as it would be stored; empty for none."""
    return (entry.form.note.data or "").replace("\r\n", "\n").strip()


@dataclass(frozen=True)
class Edit:
    """Changes of an order on a form: which order, in which version, and what was changed."""

    stored: Order
    base: Order
    version: int
    raw: dict[str, object]


def read_edit(entry: OrderEntry, sent: FormData, stored: Order, member: StaffMember) -> Edit:
    """Find out what was changed on the form of an order.

    Raises StaleVersion for a version that never was.
    """
    version = number_in(sent, "version")
    base = order_at(stored, version)
    drawn = entry_of(base, member.actor.org).raw()
    return Edit(stored, base, version, changed_fields(base, drawn, entry.raw()))


def check_changes(entry: OrderEntry, edit: Edit, member: StaffMember) -> None:
    """Check the changes of an order. Raises InvalidOrder."""
    faults = entry.faults()
    try:
        check_edit(edit.base, edit.raw, actor=member.actor, limits=current_limits())
    except InvalidOrder as invalid:
        raise InvalidOrder([*invalid.errors, *faults]) from invalid
    if faults:
        raise InvalidOrder(faults)


def check_sent(entry: OrderEntry, sent: FormData, member: StaffMember) -> None:
    """Check a form as it was sent, of a new order or of one that is changed."""
    if "order" in sent:
        stored = find_order(sent["order"], member.org_id)
        check_changes(entry, read_edit(entry, sent, stored, member), member)
    else:
        check_new(entry, member)


def draw(entry: OrderEntry, page: FormPage, *, status: int = 200, **context: object) -> Response:
    """Draw the page with the form, or the form alone for htmx."""
    actor = signed_in().actor
    entry.suggest(actor)
    return page_or_piece(
        "staff/order_form.html",
        "staff/_order_form.html",
        status=status,
        entry=entry,
        page=page,
        blank=blank_line(),
        element_id=element_id,
        customers=find_customers("", actor) if not wants_piece() else (),
        **context,
    )
