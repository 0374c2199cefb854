"""Saves and discards what is typed into order forms: drafts of new orders and of changes.

Templates, from which new orders are filled in, are removed here, too.
"""

import contextlib
from typing import NamedTuple

from flask import Response, flash, request, url_for
from werkzeug.datastructures import MultiDict

from orders.domain.errors import InvalidInput, StaleVersion
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.display import local_now
from orders.interfaces.desk.forms import FormData, element_id, is_key, new_key, number_in
from orders.interfaces.desk.order_form.edit_form import read_edit
from orders.interfaces.desk.order_form.form_page import check_new, sent_entry
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to
from orders.services.accounts.access import StaffMember
from orders.services.orders import drafts, queries
from orders.services.orders.drafts import DraftChanged, Fields

MAX_PAGE_NAME = 22  # characters, as `new_key` makes them
IN_BIN = lazy_gettext(
    "This order was deleted in the meantime and cannot be changed. Your changes "
    "are kept, and you can continue after someone restores the order."
)
NOT_OF_THIS_ORDER = lazy_gettext("This page belongs to another order. Open the order again.")
# Fields of the page, which nobody types.
_OF_THE_PAGE = {"csrf_token", "do", "draft_version", "page", "templateName", "order", "version"}


def typed_fields(sent: FormData) -> Fields:
    """Return [name, value] for each submitted field that people fill in.

    The fields have the same sequence as in the form.
    """
    return [
        [name, value]
        for name, value in sent.items(multi=True)
        if name not in _OF_THE_PAGE and not name.startswith("removed.")
    ]


def as_form(fields: Fields) -> FormData:
    return MultiDict([(name, value) for name, value in fields])


def kept_entry(fields: Fields, member: StaffMember) -> OrderEntry:
    """Return the order form filled in with the fields of a draft.

    Focuses the first blank cart row, or the last row if none is blank.
    """
    entry = sent_entry(as_form(fields), member)
    entry.focus = element_id((entry.first_blank or entry.lines[-1]).reference.name)
    return entry


def draft_entry(fields: Fields, member: StaffMember) -> OrderEntry:
    """Return the form of a new order filled in with the fields of its draft, and checked again.

    Only errors of fields with a value are shown, because the rest is not filled in yet. The first
    of these fields is focused; without any, the customer if it is missing, or else the cart.
    """
    entry = kept_entry(fields, member)
    try:
        check_new(entry, member)
    except InvalidInput as invalid:
        entry.mark(invalid.errors, {name for name, value in fields if value.strip()})
    if entry.errors:
        entry.focus = element_id(next(iter(entry.errors)))
    elif not entry.form.customer_id.data:
        entry.focus = "customerId"
    return entry


class LeftDraft(NamedTuple):
    """A draft that someone has left for another form: its key, and the number of its lines."""

    key: str
    lines: int


def left_draft(key: str, member: StaffMember) -> LeftDraft | None:
    """Return the draft with this key, or None if it does not exist or the key is invalid."""
    kept = drafts.find_draft(key, member.actor) if is_key(key) else None
    return None if kept is None else LeftDraft(key, _lines_of(kept.fields))


def sent_draft_version() -> int:
    """Return the draft version that the page last loaded or saved; 0 if the form sends none."""
    return number_in(request.form, "draft_version")


def sent_page() -> str:
    """Return the random name of the open page that sent the form; `""` if the form has none."""
    return request.form.get("page", "")[:MAX_PAGE_NAME]


# New orders


def _save(sent: FormData, key: str, member: StaffMember, version: int) -> int:
    """Save the submitted form as the draft with this key, and return the draft's new version.

    `version` is the draft version that the page last loaded or saved, or 0 for none. The draft's
    title is the order's name or, if that is empty, the customer. Raises DraftChanged if another
    page has saved a newer version of the draft.
    """
    fields = typed_fields(sent)
    typed = dict(fields)
    title = (typed.get("name") or typed.get("customerId") or "").strip()
    return drafts.save_draft(
        key, fields, actor=member.actor, title=title, lines=_lines_of(fields),
        version=version, page=sent_page(),
    )  # fmt: skip


def _lines_of(fields: Fields) -> int:
    return sum(
        name.startswith("cart.") and name.endswith(".configurationId") and bool(value.strip())
        for name, value in fields
    )


def _is_begun(fields: Fields) -> bool:
    """Return whether the form has a customer or a product, without which it is no draft yet."""
    customer = dict(fields).get("customerId", "")
    return bool(customer.strip()) or _lines_of(fields) > 0


def save_sent_draft(key: str) -> int:
    """Save the submitted form as the draft with this key, and return the draft's new version.

    If the form has neither a customer nor a product, saves nothing and returns 0; a draft that the
    page already has is saved, but no longer listed. Raises DraftChanged if another page has saved a
    newer version of the draft.
    """
    member, version = signed_in(), sent_draft_version()
    is_begun = _is_begun(typed_fields(request.form))
    if version == 0 and not is_begun:
        return 0
    saved = _save(request.form, key, member, version)
    if not is_begun:
        drafts.discard_draft(key, member.actor)
    return saved


def keep_sent_draft(key: str) -> int:
    """Save the submitted form as the draft with this key; return the version for the next save.

    If another page has saved a newer version of the draft, saves nothing and returns the version
    that the form has sent. Browsers without JavaScript save drafts only in this way.
    """
    with contextlib.suppress(DraftChanged):
        return save_sent_draft(key)
    return sent_draft_version()


def keep_resumed(sent: FormData, key: str, member: StaffMember) -> str:
    """Save as a draft an order form that was sent while signed out; return the draft's key.

    The draft's key is `key`, or a new one if `key` is invalid or another page has saved a newer
    draft with it.
    """
    version = number_in(sent, "draft_version")
    key = key if is_key(key) else new_key()
    try:
        _save(sent, key, member, version)
    except DraftChanged:
        key = new_key()
        _save(sent, key, member, 0)
    return key


@desk.post("/orders/new/draft")
def save_draft() -> Response:
    """Save the form of a new order as a draft, and respond with the draft's version as text.

    The header `X-Saved-At` has the time in the person's time zone. The page sends the version with
    its next save. The response is an error (409) if another page
    has saved a newer version.
    """
    key = request.args.get("form", "")
    if not is_key(key):
        return _plain(gettext("This form has no address."), 400)
    try:
        version = save_sent_draft(key)
    except DraftChanged as changed:
        return _plain(translated(changed.sentence), 409)
    saved = _plain(str(version))
    saved.headers["X-Saved-At"] = f"{local_now():%H:%M}"
    return saved


@desk.post("/orders/drafts/<key>/discard")
def discard_draft(key: str) -> Response:
    """Hide a draft from the list, and redirect to the form of a new order.

    The page of the form offers to open the draft again.
    """
    if not is_key(key):
        return go_to(url_for("desk.new_order"))
    drafts.discard_draft(key, signed_in().actor)
    return go_to(url_for("desk.new_order", form=_sent_key(), discarded=key))


@desk.post("/orders/templates/<template_id>/remove")
def remove_template(template_id: str) -> Response:
    drafts.remove_template(template_id, signed_in().actor)
    return go_to(url_for("desk.new_order", form=_sent_key()))


def _sent_key() -> str | None:
    """Return the key of the open form, from the field `here`; None if it is missing or invalid."""
    here = request.form.get("here", "")
    return here if is_key(here) else None


def _plain(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="text/plain")


# Changes of an order


def save_sent_changes(order: Order) -> int:
    """Save the submitted changes to an order as this person's draft; return the draft's version.

    Raises DraftChanged if another page has saved a newer version of the draft, and StaleVersion if
    the form was opened with a version that the order never had.
    """
    member, sent = signed_in(), request.form
    entry = sent_entry(sent, member)
    edit = read_edit(entry, sent, order, member)
    is_changed = edit.changes.raw or entry.faults() or entry.form.paste.data
    # The change begins with this version.
    fields: Fields = [["version", sent.get("version", "")], *typed_fields(sent)]
    return drafts.save_change(
        order, fields if is_changed else [], actor=member.actor, version=sent_draft_version(),
        page=sent_page(),
    )  # fmt: skip


def keep_sent_changes(order: Order) -> int:
    """Save the submitted changes to an order as a draft; return the version for the next save.

    If `save_sent_changes` would raise an error, saves nothing and returns the draft version that
    the form has sent.
    """
    with contextlib.suppress(DraftChanged, StaleVersion):
        return save_sent_changes(order)
    return sent_draft_version()


@desk.post("/orders/<reference>/edit/draft")
def save_edit_draft(reference: str) -> Response:
    """Save the submitted changes to an order as a draft, and respond with its version as text.

    The header `X-Saved-At` has the time in the person's time zone. The page sends the version with
    its next save. The response is an error (409) if another page
    has saved a newer version, if the form is not of this order, or if the order is in the bin.
    """
    order = queries.find_any_order(reference, signed_in().org_id)
    try:
        version = save_sent_changes(order)
    except DraftChanged as refused:
        return _plain(translated(refused.sentence), 409)
    except StaleVersion:
        return _plain(translated(NOT_OF_THIS_ORDER), 409)
    if order.deleted_at is not None:
        return _plain(translated(IN_BIN), 409)
    saved = _plain(str(version))
    saved.headers["X-Saved-At"] = f"{local_now():%H:%M}"
    return saved


@desk.post("/orders/<reference>/edit/discard")
def discard_edit_draft(reference: str) -> Response:
    """Discard this person's draft of changes to an order.

    Keeps the draft if another page has saved a newer version of it. Redirects to the page on which
    the button was pressed: the form or the order's page.
    """
    member = signed_in()
    order = queries.find_any_order(reference, member.org_id)
    is_gone = drafts.end_change(order, member.actor, version=sent_draft_version(), page=sent_page())
    if request.form.get("here") == "form":
        discarded = "yes" if is_gone else None
        return go_to(url_for("desk.edit_order", reference=order.short_id, discarded=discarded))
    if is_gone:
        flash(gettext("Changes discarded."))
    return go_to(url_for("desk.show_order", reference=order.short_id))
