"""Draws the page of one order, with whatever stands in its forms and what is wrong with it."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from flask import Response, current_app, flash, render_template, url_for

from orders import notes, queries
from orders.messaging import mail
from orders.revisions import change_drafts
from orders.rules.mail_server import is_mail_address
from orders.rules.order import PLATFORM_LABELS, Order
from orders.rules.permissions import Permission
from orders.rules.status import Status
from orders.settings import Settings
from orders.staff.admin_form import AdminEntry
from orders.staff.blueprint import signed_in
from orders.staff.order import history
from orders.staff.order.link_message import link_message
from orders.staff.order.order_facts import as_text, cards_of, labelled, unlabelled
from orders.staff.order.order_page_forms import LinkForm, NoteForm
from orders.staff.showing import status_names
from orders.staff.undo import Undo, take_undo
from orders.web import pdf
from orders.web.current_settings import customer_link
from orders.web.pages import go_to

STATUSES = tuple(Status)
HISTORY_SHOWN = 8  # entries that are not folded away


@dataclass(frozen=True, slots=True)
class Stale:
    """A change that was not made, because the order was changed meanwhile; and what had been."""

    status: Status
    events: list[history.Event]


@dataclass
class OrderForms:
    """What stands on the forms of the page, in its language. Fresh ones are empty."""

    note: AdminEntry | None = None
    link: AdminEntry | None = None
    status_error: str = ""
    stale: Stale | None = None
    undo: Undo | None = field(default=None)


def settings() -> Settings:
    """Give the settings of the application that answers."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def address_of(order: Order) -> str:
    """Give the address of the order's page."""
    return url_for("staff.show_order", reference=order.short_id)


def done(order: Order, message: str) -> Response:
    """Tell what was done, on the order's page; the sentence is in the person's language."""
    flash(message)
    return go_to(address_of(order))


def refused(order: Order, message: str) -> Response:
    """Tell what was not done, on the order's page; the sentence is in the person's language."""
    flash(message, "bad")
    return go_to(address_of(order))


def draw_order(order: Order, forms: OrderForms | None = None, *, status: int = 200) -> Response:
    """Draw the page of an order; one in the bin has no forms but that which restores it."""
    member = signed_in()
    forms = forms or OrderForms(undo=take_undo(order))
    rules = member.actor.org.attributes
    link = customer_link(order.short_id)
    may_enter = member.may(Permission.ENTER)
    text = render_template(
        "staff/order.html",
        order=order,
        forms=forms,
        note=forms.note or AdminEntry(NoteForm(formdata=None, key=secrets.token_urlsafe(16))),
        link=forms.link or AdminEntry(LinkForm(formdata=None, to=_likely_address(order))),
        statuses=STATUSES,
        status_names=status_names(),
        next_status=next_status(order.status),
        cards=cards_of(order),
        history=history.tell(queries.read_history(order), rules, order.org_id),
        history_shown=HISTORY_SHOWN,
        unsaved=change_drafts.find_unsaved(order, member.actor) if may_enter else None,
        notes=notes.list_notes(order),
        max_note=notes.MAX_NOTE,
        attributes=labelled(order, rules),
        other=unlabelled(order, rules),
        platform_labels=PLATFORM_LABELS,
        customer_link=link,
        mail=link_message(order),
        can_mail=mail.is_configured(settings()),
        can_pdf=pdf.is_available(),
        as_text=as_text,
    )
    return Response(text, status, mimetype="text/html")


def next_status(status: Status) -> Status | None:
    """Give the step that comes after this one; None after the last."""
    at = STATUSES.index(status) + 1
    return STATUSES[at] if at < len(STATUSES) else None


def _likely_address(order: Order) -> str:
    """Give the address that the order itself holds, if it holds one."""
    candidates: tuple[Any, ...] = (
        order.customer_id, order.metadata.get("email"), order.platform.get("email"),
    )  # fmt: skip
    return next(
        (one for one in candidates if isinstance(one, str) and "@" in one and is_mail_address(one)),
        "",
    )
