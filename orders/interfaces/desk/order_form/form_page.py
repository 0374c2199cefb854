"""The page with the order form: reads the submitted form, checks it, and renders it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from flask import Response

from orders.domain.errors import FieldError, InvalidInput, InvalidOrder
from orders.domain.order import Order, OrderDraft
from orders.interfaces.desk.blueprint import signed_in
from orders.interfaces.desk.forms import FormData, element_id
from orders.interfaces.desk.order_form.near_products import load_after, suggest
from orders.interfaces.desk.order_form.new_customer import customer_faults
from orders.interfaces.desk.order_form.order_form import OrderEntry, blank_line, read_entry
from orders.interfaces.desk.order_form.sections import sections_of
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.pages import page_or_piece, wants_piece
from orders.services.accounts.access import StaffMember
from orders.services.catalog.products import ConfigurationSummary
from orders.services.orders import intake
from orders.services.orders.notes import check_note
from orders.services.orders.queries import find_customers

T = TypeVar("T")


@dataclass(frozen=True)
class FormPage:
    """What differs between the page for a new order and the page that changes a stored one.

    `address` is the URL to which the form is submitted; `draft_address` is the URL to which a
    script sends drafts of it. `hidden` contains the values of hidden inputs by name. `order` is the
    order to change, or None on the page for a new one. `fixed_cards` is None unless status and cart
    of the order cannot be edited; it then contains the configurations of its lines by ID.
    """

    title: str
    address: str
    hidden: dict[str, str] = field(default_factory=dict)
    draft_address: str = ""
    order: Order | None = None
    fixed_cards: dict[str, ConfigurationSummary] | None = None


def sent_entry(sent: FormData, member: StaffMember) -> OrderEntry:
    """Return the order form with the submitted fields, which are not checked.

    Loads the configurations that the form's rows name.
    """
    entry = read_entry(sent, member.actor.org)
    entry.resolve(member.org_id)
    return entry


def check_with(faults: Sequence[FieldError], check: Callable[[], T]) -> T:
    """Call `check` and return its result; raise InvalidOrder if anything is wrong.

    `faults` are errors that the caller has already found. If there are any, or if `check` raises
    InvalidOrder, the InvalidOrder that is raised contains the errors of both.
    """
    try:
        checked = check()
    except InvalidOrder as invalid:
        raise InvalidOrder([*invalid.errors, *faults]) from invalid
    if faults:
        raise InvalidOrder(faults)
    return checked


def check_new(entry: OrderEntry, member: StaffMember, **changes: object) -> OrderDraft:
    """Check the form of a new order, and return the order that it describes without storing it.

    `changes` are values, by JSON name, that replace those in the form. Raises InvalidOrder with all
    errors of the form, including those of the note and of a new customer record.
    """
    return check_with(
        [*entry.faults(), *_note_faults(entry), *customer_faults(entry, member)],
        lambda: intake.check_order(
            {**entry.raw(), **changes}, actor=member.actor, limits=current_limits(),
            legacy_items=False,
        ),
    )  # fmt: skip


def line_errors(entry: OrderEntry, member: StaffMember) -> list[FieldError]:
    """Check the form of a new order, and return only the errors of its cart rows."""
    try:
        check_new(entry, member, metadata={})
    except InvalidInput as invalid:
        return [error for error in invalid.errors if error.path.startswith("cart.")]
    return []


def mark_lines(entry: OrderEntry, member: StaffMember) -> None:
    """Show errors in what was typed into cart rows at its fields, without a summary."""
    cells = [cell for line in entry.filled_lines for cell in (line.reference, line.count)]
    if names := {cell.name for cell in cells if cell.text}:
        entry.mark(line_errors(entry, member), names)


def _note_faults(entry: OrderEntry) -> Sequence[FieldError]:
    try:
        if note_of(entry):
            check_note(note_of(entry))
    except InvalidInput as invalid:
        return invalid.errors
    return ()


def note_of(entry: OrderEntry) -> str:
    """Return the form's note for the team, stripped and with LF line breaks; `""` for none."""
    return (entry.form.note.data or "").replace("\r\n", "\n").strip()


def render_form(entry: OrderEntry, page: FormPage, **context: object) -> Response:
    """Render the page with the order form, or only the form if htmx asks for a fragment.

    `context` contains additional variables for the template.
    """
    actor = signed_in().actor
    entry.own_code = page.order.short_id if page.order else ""
    suggest(entry, actor)
    response = page_or_piece(
        "desk/order_form.html",
        "desk/_order_form.html",
        status=entry.status,
        entry=entry,
        sections=sections_of(entry),
        page=page,
        blank=blank_line(),
        element_id=element_id,
        customers=find_customers("", actor) if not wants_piece() else (),
        **context,
    )
    if not wants_piece():
        load_after(response, actor.org_id)
    return response
