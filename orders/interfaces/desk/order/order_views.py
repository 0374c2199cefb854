"""Views of one order's page and its actions, such as status, cancellation, bin, and notes."""

from collections.abc import Callable

from flask import Response, render_template, request, url_for
from flask_limiter.util import get_remote_address

from orders.domain.cancellation import OrderCanceled
from orders.domain.errors import (
    FieldError,
    Forbidden,
    InvalidInput,
    NotFound,
    ServiceBusy,
    StaleVersion,
)
from orders.domain.order import Order, OrderChanges
from orders.domain.spelling import spelled
from orders.domain.status import Status, read_status
from orders.domain.texts import Figure, lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import qr_drawing, shown_attributes, status_name, status_names
from orders.interfaces.desk.forms import id_by_field, number_in, sent_form
from orders.interfaces.desk.order import history
from orders.interfaces.desk.order.order_page import (
    CancelForm,
    LinkForm,
    NoteForm,
    OrderForms,
    StaleChange,
    cards_of,
    done,
    labelled,
    link_message,
    offer_undo,
    refused,
    render_order,
)
from orders.interfaces.http.current_settings import current_limits, current_settings, customer_link
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.limiters import limiter
from orders.interfaces.http.pages import go_to
from orders.interfaces.http.session import current_member
from orders.services import mail
from orders.services.orders import changes as order_changes
from orders.services.orders import notes, queries

IN_THE_BIN = lazy_gettext("This order is deleted. Restore it first. Nothing was changed.")
CHANGED_MEANWHILE = lazy_gettext(
    "This order has changed in the meantime. Review it, then try again."
)
# Enough for the busiest person, and useless for sending thousands.
MAIL_LIMIT = "20 per minute"
MAX_MESSAGE = 5_000  # characters
QR_BORDER = 2  # modules of white around the code


class InTheBin(Exception):  # noqa: N818 - it names a state, like our other errors
    """Raised when an order cannot be changed because it is in the bin."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(IN_THE_BIN)


@desk.errorhandler(InTheBin)
def _in_the_bin(error: InTheBin) -> Response:
    return refused(error.order, translated(IN_THE_BIN))


@desk.get("/orders/<reference>")
def show_order(reference: str) -> Response:
    """Render the page of an order, even if the order is in the bin.

    `reference` is the order's short ID or UUID.
    """
    return render_order(queries.find_any_order(reference, signed_in().org_id))


@desk.get("/orders/<reference>/placed")
def placed(reference: str) -> str:
    """Render the page that confirms a placed order, with its short ID and the customer's link."""
    order = queries.find_order(reference, signed_in().org_id)
    return render_template(
        "desk/placed.html",
        order=order,
        cards=cards_of(order),
        attributes=labelled(order, shown_attributes()),
        spelled=spelled(order.short_id),
        customer_link=customer_link(order.short_id),
    )


@desk.get("/orders/<reference>/qr.svg")
def qr_code(reference: str) -> Response:
    order = queries.find_order(reference, signed_in().org_id)
    link = customer_link(order.short_id)
    return qr_drawing(link, border=QR_BORDER)


@desk.post("/orders/<reference>/status")
def set_status(reference: str) -> Response:
    """Set an order's status. If someone has changed the order meanwhile, ask again.

    In that case, the response (409) shows the changes.
    """
    order = _open_order(reference)
    status = read_status(request.form.get("status"))
    if status is None:
        sentence = gettext("One of: %(options)s.", options=", ".join(status_names().values()))
        return render_order(order, OrderForms(status_error=sentence), status=422)
    try:
        after = order_changes.change_order(
            order.id, OrderChanges(status=status), actor=signed_in().actor, is_current=_is_current()
        )
    except StaleVersion:
        return _render_stale(order.id, status)
    except InvalidInput as invalid:
        sentence = " ".join(translated(error.message) for error in invalid.errors)
        return render_order(order, OrderForms(status_error=sentence), status=422)
    except OrderCanceled as canceled:
        error = translated(canceled.sentence)
        return render_order(order, OrderForms(status_error=error), status=409)
    return _report_status(order, after)


def _report_status(before: Order, after: Order) -> Response:
    name = status_name(after.status)
    if after.version == _version():
        return done(after, gettext("The status was already %(status)s.", status=name))
    if "undone" in request.form:
        return done(after, gettext("Status changed back to %(status)s.", status=name))
    offer_undo(after, "desk.set_status", status=str(before.status), undone="yes")
    message = gettext(
        "Status changed from %(before)s to %(status)s.",
        status=name, before=status_name(before.status),
    )  # fmt: skip
    return done(after, message)


def _render_stale(order_id: str, status: Status) -> Response:
    """Render the order's page (409) after a status change that was refused as outdated.

    The page shows the changes that were made since its form was rendered, and offers to set
    `status` anyway.
    """
    member = signed_in()
    order = queries.find_any_order(order_id, member.org_id)
    entries = history.since(queries.read_history(order), _version())
    events = history.describe(entries, shown_attributes(with_lines=True), order.org_id)
    return render_order(order, OrderForms(stale=StaleChange(status, events)), status=409)


@desk.post("/orders/<reference>/cancel")
def cancel_order(reference: str) -> Response:
    """Cancel an order. If someone has changed it meanwhile, keep the reason and ask again."""
    order, entry = _open_order(reference), sent_form(CancelForm)
    if order.canceled_at is not None:
        return done(order, gettext("The order was canceled already."))
    try:
        reason = order_changes.check_reason(entry.values(), limits=current_limits())
        after = order_changes.cancel_order(
            order.id, reason, actor=signed_in().actor, is_current=_is_current()
        )
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    except StaleVersion:
        entry.notice, entry.status = translated(CHANGED_MEANWHILE), 409
    else:
        if "undone" not in request.form:
            offer_undo(after, "desk.reopen_order", undone="yes")
        return done(after, gettext("The order is canceled. Its status stays as it was."))
    return render_order(order, OrderForms(cancel=entry), status=entry.status)


@desk.post("/orders/<reference>/reopen")
def reopen_order(reference: str) -> Response:
    order = _open_order(reference)
    if order.canceled_at is None:
        return done(order, gettext("The order is not canceled."))
    try:
        after = order_changes.reopen_order(
            order.id, actor=signed_in().actor, is_current=_is_current()
        )
    except StaleVersion:
        return refused(order, translated(CHANGED_MEANWHILE))
    if "undone" not in request.form:
        offer_undo(after, "desk.cancel_order", reason=order.cancel_reason or "", undone="yes")
    return done(after, gettext("The order is open again."))


@desk.post("/orders/<reference>/bin")
def bin_order(reference: str) -> Response:
    return _bin_or_restore(
        _open_order(reference), order_changes.bin_order,
        gettext("Order deleted. It is hidden from customers, shops, and scripts."),
        undo="desk.restore_order",
    )  # fmt: skip


@desk.post("/orders/<reference>/restore")
def restore_order(reference: str) -> Response:
    order = queries.find_any_order(reference, signed_in().org_id)
    if order.deleted_at is None:
        return done(order, gettext("This order is not deleted."))
    return _bin_or_restore(
        order, order_changes.restore_order, gettext("Order restored."),
        undo="desk.bin_order",
    )  # fmt: skip


def _bin_or_restore(
    order: Order, action: Callable[..., Order], message: str, *, undo: str
) -> Response:
    try:
        after = action(order.id, actor=signed_in().actor, is_current=_is_current())
    except StaleVersion:
        return refused(order, translated(CHANGED_MEANWHILE))
    if "undone" not in request.form:
        offer_undo(after, undo, undone="yes")
    return done(after, message)


@desk.post("/orders/<reference>/notes")
def add_note(reference: str) -> Response:
    """Add a note to an order. A form that is sent twice adds only one note."""
    order, entry = _open_order(reference), sent_form(NoteForm)
    try:
        note_id = notes.add_note(
            order.id, entry.form.note.data or "", actor=signed_in().actor,
            note_id=id_by_field(entry.form.key),
        )  # fmt: skip
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return render_order(order, OrderForms(note=entry), status=422)
    anchor = f"note-{note_id}"
    return go_to(url_for("desk.show_order", reference=order.short_id, _anchor=anchor))


@desk.post("/orders/<reference>/notes/<note_id>/delete")
def delete_note(reference: str, note_id: str) -> Response:
    """Delete a note of the signed-in person; refuse to delete other people's notes."""
    order = _open_order(reference)
    try:
        notes.remove_note(order.id, note_id, actor=signed_in().actor)
    except Forbidden as error:
        return refused(order, translated(error.sentence))
    return done(order, gettext("Note deleted."))


def _mail_limit_key() -> str:
    """Return the key by which the rate limit counts sent e-mails.

    This is the signed-in person's ID, or the client's IP address if nobody is signed in.
    """
    member = current_member()
    return member.id if member else get_remote_address()


@desk.post("/orders/<reference>/link")
@limiter.limit(MAIL_LIMIT, key_func=_mail_limit_key)
def send_link(reference: str) -> Response:
    """E-mail the link to an order's customer page, and record this in the order's history."""
    order, entry = _open_order(reference), sent_form(LinkForm)
    if not mail.is_configured(current_settings()):
        return refused(order, translated(mail.NOT_SET_UP))
    values = entry.values()
    to, message = values["to"].strip(), values["message"].strip()
    with entry.saving(url_for("desk.show_order", reference=order.short_id)):
        _mail_link(order, to, message)
        return _note_link_sent(order, to)
    return render_order(order, OrderForms(link=entry), status=entry.status)


def _mail_link(order: Order, to: str, message: str) -> None:
    """E-mail the link to the order's customer page to the address `to`.

    `message` is the sender's text before the link; it may be empty. Raises InvalidInput if it has
    more than MAX_MESSAGE characters, or if the e-mail cannot be sent.
    """
    ours = link_message(order)
    if len(message) > MAX_MESSAGE:
        fault = lazy_gettext("At most %(most)s characters.", most=Figure(MAX_MESSAGE))
        raise InvalidInput([FieldError("message", fault)])
    text = f"{message}\n\n{ours.text}" if message else ours.text
    try:
        mail.send(to, ours.subject, text, settings=current_settings())
    except mail.MailFailed as failed:
        fault = lazy_gettext("%(reason)s The e-mail was not sent.", reason=failed.sentence)
        raise InvalidInput([FieldError("to", fault)]) from failed


def _note_link_sent(order: Order, to: str) -> Response:
    try:
        order_changes.note_link_sent(order.id, to, actor=signed_in().actor)
    except (ServiceBusy, NotFound):
        kept = gettext(
            "The link was sent to %(address)s, but it could not be added to the history.",
            address=to,
        )
        return refused(order, kept)
    return done(order, gettext("Link sent to %(address)s.", address=to))


def _open_order(reference: str) -> Order:
    """Return the order that is to be changed; `reference` is its short ID or UUID.

    Raises NotFound if there is no such order, and InTheBin if it is in the bin.
    """
    order = queries.find_any_order(reference, signed_in().org_id)
    if order.deleted_at is not None:
        raise InTheBin(order)
    return order


def _version() -> int:
    """Return the order version that the form has sent, or -1 if it has sent none.

    No stored order has the version -1.
    """
    return number_in(request.form, "version", -1)


def _is_current() -> Callable[[int], bool]:
    """Return a function that checks whether a stored version is the one that the form has sent."""
    version = _version()
    return lambda stored: stored == version
