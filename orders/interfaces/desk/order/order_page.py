"""The page of one order, with the state of its forms and what can be undone."""

from dataclasses import dataclass, field
from typing import Any

from flask import Response, render_template, session, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField

from orders.domain.mail_server import is_mail_address
from orders.domain.order import PLATFORM_LABELS, Order
from orders.domain.permissions import Permission
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import signed_in
from orders.interfaces.desk.display import as_text, status_names
from orders.interfaces.desk.forms import FilledForm, html_page, new_form, new_key, report
from orders.interfaces.desk.order import history
from orders.interfaces.desk.order.order_texts import cards_of, labelled, link_message, unlabelled
from orders.interfaces.http import pdf
from orders.interfaces.http.current_settings import current_settings, customer_link
from orders.services import mail
from orders.services.orders import drafts, notes, queries

STATUSES = tuple(Status)
_UNDO = "undo"
HISTORY_SHOWN = 8  # entries; older ones are folded


class NoteForm(FlaskForm):
    """A note; `key` is the form's own, so that it adds only one."""

    note = TextAreaField(lazy_gettext("New note"))
    key = HiddenField()


class LinkForm(FlaskForm):
    """The message with the customer's link."""

    to = StringField(lazy_gettext("E-mail address"))
    message = TextAreaField(lazy_gettext("Message before the link"))


@dataclass(frozen=True, slots=True)
class Undo:
    """How to undo the last change: the endpoint that a form sends `fields` to."""

    endpoint: str
    fields: dict[str, str]


def offer_undo(order: Order, endpoint: str, **fields: str) -> None:
    """Offer on the next page of this order to undo the change that led to this version."""
    session[_UNDO] = {
        "order": order.id,
        "version": order.version,
        "endpoint": endpoint,
        "fields": fields,
    }


def take_undo(order: Order) -> Undo | None:
    """Return what was offered, once, and only while the order has the version of the change."""
    offered = session.pop(_UNDO, None)
    if offered is None or (offered["order"], offered["version"]) != (order.id, order.version):
        return None
    return Undo(offered["endpoint"], {**offered["fields"], "version": str(order.version)})


@dataclass(frozen=True, slots=True)
class StaleChange:
    """A change of the status that was refused, because the order had been changed by `events`."""

    status: Status
    events: list[history.HistoryEvent]


@dataclass
class OrderForms:
    """The forms of the page with their errors, in its language; None for empty ones."""

    note: FilledForm | None = None
    link: FilledForm | None = None
    status_error: str = ""
    stale: StaleChange | None = None
    undo: Undo | None = field(default=None)


def done(order: Order, message: str, category: str = "message") -> Response:
    """Report what was done on the order's page; the message is in the person's language."""
    return report(message, url_for("desk.show_order", reference=order.short_id), category)


def refused(order: Order, message: str) -> Response:
    """Report what was not done on the order's page; the message is in the person's language."""
    return done(order, message, "bad")


def render_order(order: Order, forms: OrderForms | None = None, *, status: int = 200) -> Response:
    """Render the page of an order; for one in the bin, only with the form that restores it."""
    member = signed_in()
    forms = forms or OrderForms(undo=take_undo(order))
    rules = member.actor.org.attributes
    may_enter = member.may(Permission.ENTER)
    text = render_template(
        "desk/order.html",
        order=order,
        forms=forms,
        note=forms.note or new_form(NoteForm, key=new_key()),
        link=forms.link or new_form(LinkForm, to=_likely_mail_address(order)),
        statuses=STATUSES,
        status_names=status_names(),
        next_status=next_status(order.status),
        cards=cards_of(order),
        history=history.describe(queries.read_history(order), rules, order.org_id),
        history_shown=HISTORY_SHOWN,
        unsaved=drafts.find_change(order, member.actor) if may_enter else None,
        notes=notes.list_notes(order),
        max_note=notes.MAX_NOTE,
        attributes=labelled(order, rules),
        other=unlabelled(order, rules),
        platform_labels=PLATFORM_LABELS,
        customer_link=customer_link(order.short_id),
        mail=link_message(order),
        can_mail=mail.is_configured(current_settings()),
        can_pdf=pdf.is_available(),
        as_text=as_text,
    )
    return html_page(text, status)


def next_status(status: Status) -> Status | None:
    at = STATUSES.index(status) + 1
    return STATUSES[at] if at < len(STATUSES) else None


def _likely_mail_address(order: Order) -> str:
    """Return the first e-mail address in the order; empty for none."""
    candidates: tuple[Any, ...] = (
        order.customer_id, order.metadata.get("email"), order.platform.get("email"),
    )  # fmt: skip
    return next(
        (one for one in candidates if isinstance(one, str) and "@" in one and is_mail_address(one)),
        "",
    )
