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
from orders.interfaces.desk.display import as_text, other_values, status_names
from orders.interfaces.desk.forms import FilledForm, html_page, new_form, new_key, report
from orders.interfaces.desk.order import history
from orders.interfaces.http import pdf
from orders.interfaces.http.current_settings import current_settings, customer_link
from orders.interfaces.http.i18n import gettext, language, translated, use_language
from orders.services import mail
from orders.services.accounts import orgs
from orders.services.catalog import products
from orders.services.orders import drafts, intake, notes, queries

STATUSES = tuple(Status)
_UNDO = "undo"
HISTORY_SHOWN = 8  # entries; older ones are folded


class NoteForm(FlaskForm):
    """A new note on an order; `key` identifies the form, so that it is added only once."""

    note = TextAreaField(lazy_gettext("New note"))
    key = HiddenField()


class LinkForm(FlaskForm):
    """The e-mail to a customer with the link to the order: its recipient and its first words."""

    to = StringField(lazy_gettext("E-mail address"))
    message = TextAreaField(lazy_gettext("Message before the link"))


@dataclass(frozen=True, slots=True)
class Undo:
    """How to undo the last change: a form sends `fields` to `endpoint`, a name for `url_for`."""

    endpoint: str
    fields: dict[str, str]


def offer_undo(order: Order, endpoint: str, **fields: str) -> None:
    """Store in the session how to undo the change that led to this version of the order.

    `endpoint` and `fields` are those of Undo. The next page of the order shows it (`take_undo`).
    """
    offered = {"order": order.id, "version": order.version, "endpoint": endpoint}
    session[_UNDO] = {**offered, "fields": fields}


def take_undo(order: Order) -> Undo | None:
    """Return what `offer_undo` has stored and remove it, so that it is shown once.

    None if nothing is stored, or it is not for this version of this order.
    """
    offered = session.pop(_UNDO, None)
    if offered is None or (offered["order"], offered["version"]) != (order.id, order.version):
        return None
    return Undo(offered["endpoint"], {**offered["fields"], "version": str(order.version)})


@dataclass(frozen=True, slots=True)
class StaleChange:
    """A change to `status` that was refused: the `events` had changed the order meanwhile."""

    status: Status
    events: list[history.HistoryEvent]


@dataclass
class OrderForms:
    """What the last action leaves on the order's page: forms with errors, or how to undo it."""

    note: FilledForm | None = None
    link: FilledForm | None = None
    status_error: str = ""
    stale: StaleChange | None = None
    undo: Undo | None = None


def done(order: Order, message: str, category: str = "message") -> Response:
    """Redirect to the order's page with a message; the category "bad" marks a refusal."""
    return report(message, url_for("desk.show_order", reference=order.short_id), category)


def refused(order: Order, message: str) -> Response:
    return done(order, message, "bad")


def render_order(order: Order, forms: OrderForms | None = None, *, status: int = 200) -> Response:
    """Render the page of an order; for one in the bin, only with the form that restores it.

    `forms` has forms with errors. Without it the page offers to undo the last change.
    """
    member = signed_in()
    forms = forms or OrderForms(undo=take_undo(order))
    rules = member.actor.org.attributes
    may_enter = member.may(Permission.ENTER)
    return html_page(
        "desk/order.html",
        status,
        order=order,
        forms=forms,
        note=forms.note or new_form(NoteForm, key=new_key()),
        link=forms.link or new_form(LinkForm, to=_likely_mail_address(order)),
        statuses=STATUSES,
        status_names=status_names(),
        next_status=next_status(order.status),
        cards=cards_of(order),
        item_warnings=() if order.cart else intake.item_warnings(order.items, order.org_id),
        history=history.describe(queries.read_history(order), rules, order.org_id),
        history_shown=HISTORY_SHOWN,
        unsaved=drafts.find_change(order, member.actor) if may_enter else None,
        notes=notes.list_notes(order),
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
    """Return the first e-mail address in the customer ID, metadata or platform; "" for none."""
    for one in (order.customer_id, order.metadata.get("email"), order.platform.get("email")):
        if isinstance(one, str) and "@" in one and is_mail_address(one):
            return one
    return ""


def cards_of(order: Order) -> dict[str, products.ConfigurationSummary]:
    return products.resolve({line.configuration_id for line in order.cart}, order.org_id)


def labelled(order: Order, rules: tuple[AttributeRule, ...]) -> list[tuple[str, str]]:
    """Return label and displayed text of each of the org's attributes that has a value."""
    areas = {"metadata": order.metadata, "derivative": order.derivative}
    values = ((rule, areas[rule.areas[0]].get(rule.key)) for rule in rules)
    return [
        (rule.label, translated(display(rule, value)))
        for rule, value in values
        if value is not None
    ]


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """An e-mail with the link to a customer's page; people write before `text`.

    `language` is the code of its language.
    """

    subject: str
    text: str
    language: str


def link_message(order: Order) -> LinkMessage:
    """Return the e-mail with the link to the order, in the language of the org's customers.

    For an org without a language it is in that of the page, like what the sender writes.
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
                gettext("Its code, should anybody ask for it: %(code)s", code=shown),
                "",
            )),
            language=language(),
        )  # fmt: skip
