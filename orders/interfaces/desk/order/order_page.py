"""The page of one order: its texts, the state of its forms, and what can be undone."""

from dataclasses import dataclass

from flask import Response, session, url_for
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField

from orders.domain.attributes import AttributeRule, display
from orders.domain.mail_server import is_mail_address
from orders.domain.order import PLATFORM_LABELS, Order
from orders.domain.permissions import Permission
from orders.domain.short_id import grouped
from orders.domain.status import Status
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import signed_in
from orders.interfaces.desk.display import as_text, other_values, shown_attributes, status_names
from orders.interfaces.desk.forms import FilledForm, html_page, new_form, new_key, report
from orders.interfaces.desk.order import history
from orders.interfaces.http import pdf
from orders.interfaces.http.current_settings import current_settings, customer_link
from orders.interfaces.http.i18n import gettext, language, translated, use_language
from orders.services import mail
from orders.services.accounts import orgs
from orders.services.catalog import products
from orders.services.orders import drafts, intake, notes, pasted, queries

STATUSES = tuple(Status)
_UNDO = "undo"
HISTORY_SHOWN = 8  # entries; older ones are folded


class NoteForm(FlaskForm):
    """A form for a new note on an order.

    `key` identifies the form, so that a form that is sent twice adds only one note.
    """

    note = TextAreaField(lazy_gettext("New note"))
    key = HiddenField()


class LinkForm(FlaskForm):
    """A form for the e-mail with which a customer gets the link to an order.

    `to` is the recipient's address; `message` is the text before the link.
    """

    to = StringField(lazy_gettext("E-mail address"))
    message = TextAreaField(lazy_gettext("Message above the link"))


class CancelForm(FlaskForm):
    """A form that cancels an order."""

    reason = StringField(lazy_gettext("Reason (optional)"))


@dataclass(frozen=True, slots=True)
class Undo:
    """How to undo the last change to an order: a form posts `fields` to `endpoint`.

    `endpoint` is the name of a view, for `url_for`.
    """

    endpoint: str
    fields: dict[str, str]


def offer_undo(order: Order, endpoint: str, **fields: str) -> None:
    """Store in the session how to undo the change that led to this version of the order.

    `endpoint` and `fields` are as in Undo. The order's page takes them from the session when it is
    next rendered (`take_undo`).
    """
    offered = {"order": order.id, "version": order.version, "endpoint": endpoint}
    session[_UNDO] = {**offered, "fields": fields}


def take_undo(order: Order) -> Undo | None:
    """Remove what `offer_undo` has stored in the session, and return it.

    Returns None if nothing was stored, or if it was stored for another order or another version of
    this one.
    """
    offered = session.pop(_UNDO, None)
    if offered is None or (offered["order"], offered["version"]) != (order.id, order.version):
        return None
    return Undo(offered["endpoint"], {**offered["fields"], "version": str(order.version)})


@dataclass(frozen=True, slots=True)
class StaleChange:
    """A change of an order's status that was refused because the order had changed meanwhile.

    `status` is the status that the person chose; `events` are the other changes.
    """

    status: Status
    events: list[history.HistoryEvent]


@dataclass
class OrderForms:
    """What the order's page shows about the last action; each field may be empty.

    `note`, `link` and `cancel` are forms with errors, `status_error` is the message at the status
    form, `stale` is a refused change of the status, and `undo` is how to undo the action.
    """

    note: FilledForm | None = None
    link: FilledForm | None = None
    cancel: FilledForm | None = None
    status_error: str = ""
    stale: StaleChange | None = None
    undo: Undo | None = None


def done(order: Order, message: str, category: str = "message") -> Response:
    """Return a redirect to the order's page, which shows `message`.

    The category "bad" marks a message about a refused action.
    """
    return report(message, url_for("desk.show_order", reference=order.short_id), category)


def refused(order: Order, message: str) -> Response:
    return done(order, message, "bad")


def render_order(order: Order, forms: OrderForms | None = None, *, status: int = 200) -> Response:
    """Render the page of an order; the only action for an order in the bin is to restore it.

    `forms` are the results of the last action; if it is None, the page offers to undo the last
    change. `status` is the HTTP status of the response.
    """
    member = signed_in()
    forms = forms or OrderForms(undo=take_undo(order))
    rules = shown_attributes()
    may_enter = member.may(Permission.ENTER)
    return html_page(
        "desk/order.html",
        status,
        order=order,
        forms=forms,
        note=forms.note or new_form(NoteForm, key=new_key()),
        link=forms.link or new_form(LinkForm, to=_likely_mail_address(order)),
        cancel=forms.cancel or new_form(CancelForm),
        statuses=STATUSES,
        status_names=status_names(),
        next_status=next_status(order.status),
        cards=cards_of(order),
        item_warnings=() if order.cart else intake.item_warnings(order.items, order.org_id),
        history=history.describe(
            queries.read_history(order), shown_attributes(with_lines=True), order.org_id
        ),
        history_shown=HISTORY_SHOWN,
        unsaved=drafts.find_change(order, member.actor) if may_enter else None,
        notes=notes.list_notes(order),
        pasted=pasted.find_pasted(order),
        max_note=notes.MAX_NOTE,
        attributes=labelled(order, rules),
        other=other_values(order, rules),
        platform_labels=PLATFORM_LABELS,
        customer_link=customer_link(order.short_id),
        mail=link_message(order),
        can_mail=mail.is_configured(current_settings()),
        can_pdf=pdf.is_available(),
        as_text=as_text,
    )


def next_status(status: Status) -> Status | None:
    at = STATUSES.index(status) + 1
    return STATUSES[at] if at < len(STATUSES) else None


def _likely_mail_address(order: Order) -> str:
    """Return what is probably the customer's e-mail address; "" if there is none.

    It is the first valid e-mail address among the order's customer ID and the values of `email` in
    its metadata and platform.
    """
    for one in (order.customer_id, order.metadata.get("email"), order.platform.get("email")):
        if isinstance(one, str) and "@" in one and is_mail_address(one):
            return one
    return ""


def cards_of(order: Order) -> dict[str, products.ConfigurationSummary]:
    return products.resolve({line.configuration_id for line in order.cart}, order.org_id)


def labelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Return (label, displayed value) for each attribute in `rules` with a value in the order."""
    areas = {"metadata": order.metadata, "derivative": order.derivative}
    values = ((rule, areas[rule.areas[0]].get(rule.key)) for rule in rules)
    return [
        (rule.label, translated(display(rule, value)))
        for rule, value in values
        if value is not None
    ]


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """An e-mail with the link to an order's customer page.

    The sender can add their own words before `text`. `language` is the code of the language in
    which the subject and the text are written.
    """

    subject: str
    text: str
    language: str


def link_message(order: Order) -> LinkMessage:
    """Return the e-mail with the link to the order, in the language of the org's customer pages.

    If the org has not set that language, the e-mail is in the language of the current page, in
    which its sender probably writes, too.
    """
    chosen = orgs.find_customer_page(order.org_id).language
    shown, link = grouped(order.short_id), customer_link(order.short_id)
    with use_language(chosen):
        return LinkMessage(
            subject=gettext("Your order %(code)s", code=shown),
            text="\n".join((
                gettext("You can see your order here:"),
                link,
                "",
                gettext("Your order code: %(code)s", code=shown),
                "",
            )),
            language=language(),
        )  # fmt: skip
