"""Saves and discards what is typed into order forms: drafts of new orders and of changes.

Templates, from which new orders are filled in, are removed here, too.
"""

import contextlib
import re
from typing import TypeAlias

from flask import Response, flash, request, url_for
from werkzeug.datastructures import MultiDict

from orders.domain.errors import StaleVersion
from orders.domain.order import Order
from orders.domain.texts import lazy_gettext
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import FormData, element_id, is_key, new_key, number_in
from orders.interfaces.desk.order_form.attribute_fields import untyped
from orders.interfaces.desk.order_form.edit_form import read_edit
from orders.interfaces.desk.order_form.form_page import sent_entry
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to
from orders.services.accounts.access import OrgRules, StaffMember
from orders.services.orders import drafts, queries
from orders.services.orders.drafts import DraftChanged, Fields

# Names and values of the fields of a form that waits for the end of a sign-in.
ResumedForm: TypeAlias = list[tuple[str, str]]

_ROW_NUMBER = re.compile(r"^cart\.[0-9]+\.(?=metadata\.)")
MAX_PAGE_NAME = 22  # characters, as `new_key` makes them
IN_BIN = lazy_gettext(
    "This order was deleted in the meantime and cannot be changed. Your changes "
    "are kept, and you can continue after someone restores the order."
)
NOT_OF_THIS_ORDER = lazy_gettext("This page belongs to another order. Open the order again.")
# Fields of the page, which nobody types.
_OF_THE_PAGE = {"csrf_token", "do", "draft_version", "page", "templateName", "order", "version"}
# Fields that have a value on every form, typed or not.
_FILLED_IN = {"status"}
_FILLED_IN_ROWS = (".count", ".area")


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
    """Return the order form filled in with the fields of a draft, and focus its last cart row."""
    entry = sent_entry(as_form(fields), member)
    entry.focus = element_id(entry.lines[-1].reference.name)
    return entry


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


def _is_typed(fields: Fields, rules: OrgRules) -> bool:
    """Return whether a person has typed anything into the form.

    Fields that have a value in every form, and fields with the default value of an attribute, do
    not count. The attributes are those in `rules`.
    """
    start = untyped(rules.every_attribute)
    return any(
        # The number of a row is not in the path of an attribute of lines.
        value.strip() and (_ROW_NUMBER.sub("cart.", name), value) not in start
        for name, value in fields
        if name not in _FILLED_IN and not name.endswith(_FILLED_IN_ROWS)
    )


def save_sent_draft(key: str) -> int:
    """Save the submitted form as the draft with this key, and return the draft's new version.

    If nothing was typed and the page has no draft yet, saves nothing and returns 0. Raises
    DraftChanged if another page has saved a newer version of the draft.
    """
    member, version = signed_in(), sent_draft_version()
    if version == 0 and not _is_typed(typed_fields(request.form), member.actor.org):
        return 0
    return _save(request.form, key, member, version)


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

    The page sends this version with its next save. The response is an error (409) if another page
    has saved a newer version.
    """
    key = request.args.get("form", "")
    if not is_key(key):
        return _plain(gettext("This form has no address."), 400)
    try:
        version = save_sent_draft(key)
    except DraftChanged as changed:
        return _plain(translated(changed.sentence), 409)
    return _plain(str(version))


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

    The page sends this version with its next save. The response is an error (409) if another page
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
    return _plain(str(version))


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
