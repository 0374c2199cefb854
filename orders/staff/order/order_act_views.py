"""What people do on the page of one order: its status, the bin and back, notes, the link."""

from collections.abc import Callable

from flask import Response, request, url_for
from flask_limiter.util import get_remote_address

from orders import editing, notes, queries
from orders.messaging import mail
from orders.rules.errors import Forbidden, InvalidInput, NotFound, ServiceBusy, StaleVersion
from orders.rules.order import Order, OrderChanges
from orders.rules.status import Status, read_status
from orders.rules.texts import mark
from orders.rules.typed_values import whole_number
from orders.staff.accounts import current_member
from orders.staff.admin_form import AdminEntry, own_id
from orders.staff.blueprint import signed_in, staff
from orders.staff.order import history
from orders.staff.order.link_message import link_message
from orders.staff.order.order_page import (
    OrderForms,
    Stale,
    done,
    draw_order,
    refused,
    settings,
)
from orders.staff.order.order_page_forms import LinkForm, NoteForm
from orders.staff.showing import status_name, status_names
from orders.staff.undo import offer_undo
from orders.web.current_settings import limiter
from orders.web.language import figure, gettext, translated
from orders.web.pages import go_to

IN_THE_BIN = mark("The order is in the bin. Restore it first; nothing was changed.")
CHANGED_MEANWHILE = mark("The order was changed meanwhile, so this was not done. Look at it again.")
# Enough for the busiest person, and no use for sending out thousands.
MAIL_LIMIT = "20 per minute"
MAX_MESSAGE = 5_000  # characters


class InTheBin(Exception):  # noqa: N818 - named for what is the case, as our other errors
    """The order must be restored before anything else is done with it."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(IN_THE_BIN)


@staff.errorhandler(InTheBin)
def _in_the_bin(error: InTheBin) -> Response:
    return refused(error.order, translated(IN_THE_BIN))


def _person() -> str:
    """Name who is limited: the limits come before the blueprint knows who acts."""
    member = current_member()
    return member.id if member else get_remote_address()


@staff.post("/orders/<reference>/status")
def set_status(reference: str) -> Response:
    """Set the status; of a form that is behind, show what changed meanwhile and ask again."""
    order = _open_order(reference)
    wanted = read_status(request.form.get("status"))
    if wanted is None:
        sentence = gettext("One of: %(options)s.", options=", ".join(status_names().values()))
        return draw_order(order, OrderForms(status_error=sentence), status=422)
    version = _version()
    try:
        after = editing.change_order(
            order.id, OrderChanges(status=wanted), actor=signed_in().actor,
            is_current=lambda stored: stored == version,
        )  # fmt: skip
    except StaleVersion:
        return _stale(order.id, wanted, version)
    except InvalidInput as invalid:
        sentence = " ".join(translated(error.message) for error in invalid.errors)
        return draw_order(order, OrderForms(status_error=sentence), status=422)
    name = status_name(wanted)
    if after.version == version:
        return done(after, gettext("The order was %(status)s already.", status=name))
    if "undone" in request.form:
        return done(after, gettext("The order is %(status)s again.", status=name))
    offer_undo(after, "staff.set_status", status=str(order.status), undone="yes")
    before = status_name(order.status)
    return done(
        after,
        gettext("The order is %(status)s now; it was %(before)s.", status=name, before=before),
    )


@staff.post("/orders/<reference>/bin")
def bin_order(reference: str) -> Response:
    """Put the order into the bin."""
    order = _open_order(reference)
    return _act(
        order, editing.bin_order,
        gettext("The order is in the bin: no customer, shop or script sees it."),
        undo="staff.restore_order",
    )  # fmt: skip


@staff.post("/orders/<reference>/restore")
def restore_order(reference: str) -> Response:
    """Take the order out of the bin."""
    order = queries.find_any_order(reference, signed_in().org_id)
    if order.deleted_at is None:
        return done(order, gettext("The order is not in the bin."))
    return _act(
        order, editing.restore_order, gettext("The order is restored, as it was before."),
        undo="staff.bin_order",
    )  # fmt: skip


@staff.post("/orders/<reference>/notes")
def add_note(reference: str) -> Response:
    """Write a note; the same form writes one, whatever is clicked twice."""
    order, form = _open_order(reference), NoteForm(formdata=request.form)
    entry = AdminEntry(form)
    try:
        made = notes.add_note(
            order.id, form.note.data or "", actor=signed_in().actor, note_id=own_id(form.key)
        )
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return draw_order(order, OrderForms(note=entry), status=422)
    address = url_for("staff.show_order", reference=order.short_id, _anchor=f"note-{made}")
    return go_to(address)


@staff.post("/orders/<reference>/notes/<note_id>/delete")
def delete_note(reference: str, note_id: str) -> Response:
    """Delete one's own note."""
    order = _open_order(reference)
    try:
        notes.remove_note(order.id, note_id, actor=signed_in().actor)
    except Forbidden as error:
        return refused(order, translated(error.sentence))
    return done(order, gettext("The note is deleted."))


@staff.post("/orders/<reference>/link")
@limiter.limit(MAIL_LIMIT, key_func=_person)
def send_link(reference: str) -> Response:
    """Send the customer's link by e-mail, and write into the history that it went out."""
    order, form = _open_order(reference), LinkForm(formdata=request.form)
    if not mail.is_configured(settings()):
        return refused(order, translated(mail.NOT_SET_UP))
    entry = AdminEntry(form)
    to, message = (form.to.data or "").strip(), (form.message.data or "").strip()
    if len(message) > MAX_MESSAGE:
        entry.errors["message"] = gettext("At most %(most)s characters.", most=figure(MAX_MESSAGE))
        entry.focus = "message"
        return draw_order(order, OrderForms(link=entry), status=422)
    ours = link_message(order)
    text = "\n\n".join(part for part in (message, ours.text) if part)
    try:
        mail.send(to, ours.subject, text, settings=settings())
    except mail.MailFailed as failed:
        entry.errors["to"] = gettext(
            "%(reason)s Nothing was sent.", reason=translated(failed.sentence)
        )
        entry.focus = "to"
        return draw_order(order, OrderForms(link=entry), status=422)
    try:
        editing.note_link_sent(order.id, to, actor=signed_in().actor)
    except (ServiceBusy, NotFound):
        return refused(
            order,
            gettext("The link went to %(address)s, but the history could not note it.", address=to),
        )
    return done(order, gettext("The link is on its way to %(address)s.", address=to))


def _open_order(reference: str) -> Order:
    """Give an order that can be changed; of one in the bin its page says that it cannot."""
    order = queries.find_any_order(reference, signed_in().org_id)
    if order.deleted_at is not None:
        raise InTheBin(order)
    return order


def _version() -> int:
    """Give the version that the form was drawn from; -1, which is never current, without one."""
    version = whole_number(request.form.get("version", ""))
    return -1 if version is None else version


def _act(order: Order, act: Callable[..., Order], message: str, *, undo: str) -> Response:
    version = _version()
    try:
        after = act(order.id, actor=signed_in().actor, is_current=lambda stored: stored == version)
    except StaleVersion:
        return refused(order, translated(CHANGED_MEANWHILE))
    if "undone" not in request.form:
        offer_undo(after, undo, undone="yes")
    return done(after, message)


def _stale(order_id: str, wanted: Status, version: int) -> Response:
    """Show the order as it is now, what has changed since the form was drawn, and ask again."""
    member = signed_in()
    order = queries.find_any_order(order_id, member.org_id)
    entries = history.since(queries.read_history(order), version)
    events = history.tell(entries, member.actor.org.attributes, order.org_id)
    return draw_order(order, OrderForms(stale=Stale(wanted, events)), status=409)
