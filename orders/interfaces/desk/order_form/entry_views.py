"""Views for entering and placing a new order with the order form."""

from typing import Any

from flask import Response, g, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.errors import Conflict, InvalidInput
from orders.domain.order import Order
from orders.domain.repeated_numbers import without_po
from orders.domain.short_id import grouped
from orders.interfaces.desk.blueprint import OPEN_TO_ALL, ask_to_sign_in, desk, signed_in
from orders.interfaces.desk.forms import FormData, element_id, is_key, new_key
from orders.interfaces.desk.order_form import draft_views
from orders.interfaces.desk.order_form.customer_fill import (
    fill_in,
    is_customer_alone,
    mark_copied,
    undo_fill,
)
from orders.interfaces.desk.order_form.edit_form import copied_entry
from orders.interfaces.desk.order_form.form_page import (
    FormPage,
    check_new,
    mark_lines,
    note_of,
    render_form,
    sent_entry,
)
from orders.interfaces.desk.order_form.new_customer import create_customer, is_customer_typed
from orders.interfaces.desk.order_form.order_form import OrderEntry, new_entry
from orders.interfaces.desk.order_form.row_actions import do_action
from orders.interfaces.http.errors import error_page
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to, wants_piece
from orders.interfaces.http.session import current_member
from orders.services.accounts.access import StaffMember
from orders.services.accounts.org_rules import OrgRules
from orders.services.idempotency import IdempotencyKey, fingerprint
from orders.services.orders import drafts, intake, queries
from orders.services.orders.intake import AlreadyPlaced

# Parameters of the query that say what the form of a new order is filled in from.
SOURCES = ("from", "template", "customer")


@desk.get("/orders/new")
def new_order() -> AnyResponse:
    """Render a new order's form: empty, from its draft, or filled in from a source.

    `form` in the query is the key that identifies the form and its draft. Without a valid key,
    redirects to the same page with a new one. `left` is the key of the form that was left for this
    one; the page says what of it is kept as a draft.
    """
    key = request.args.get("form", "")
    if not is_key(key):
        sources: dict[str, Any] = {name: request.args.get(name) for name in SOURCES}
        return redirect(url_for("desk.new_order", **(_keys(signed_in()) | sources)))
    member = signed_in()
    kept = drafts.find_draft(key, member.actor)
    version = kept.version if kept else 0
    if kept is not None and "from" in request.args and is_customer_alone(kept.fields, member):
        kept = None
    entry = _first_entry(member) if kept is None else draft_views.draft_entry(kept.fields, member)
    placed = queries.find_submission(key, member.actor)
    left = draft_views.left_draft(request.args.get("left", ""), member) if kept is None else None
    return _render(entry, key, version=version, placed=placed, kept=kept, left=left)


def _keys(member: StaffMember) -> dict[str, Any]:
    """Return the key of a new form, and that of the form `?left` for it, as query parameters.

    If nothing but a customer was typed into the form that was left, its key is used again: nobody
    needs that draft.
    """
    left = request.args.get("left", "")
    kept = drafts.find_draft(left, member.actor) if is_key(left) else None
    if kept is None:
        return {"form": new_key()}
    if is_customer_alone(kept.fields, member):
        return {"form": left}
    return {"form": new_key(), "left": left}


def _first_entry(member: StaffMember) -> OrderEntry:
    """Return the form of a new order that has no draft.

    It is filled in from the order `?from` or the template `?template` in the query, or for the
    customer with the ID `?customer`; otherwise it is empty. Raises NotFound if that order or
    template does not exist.
    """
    if "from" in request.args:
        return _copy(queries.find_order(request.args["from"], member.org_id), member.actor.org)
    if "template" in request.args:
        fields = drafts.find_template(request.args["template"], member.actor)
        return sent_entry(draft_views.as_form(fields), member)
    entry = new_entry(member.actor.org)
    if customer := request.args.get("customer", "").strip():
        entry.form.customer_id.process_data(customer)
        fill_in(entry, member, is_asked=False)
        entry.focus = element_id(entry.lines[0].reference.name)
    return entry


def _copy(order: Order, rules: OrgRules) -> OrderEntry:
    """Return the form filled in from an order, without what belongs to that order alone."""
    kept = without_po(order.metadata, {rule.key for rule in rules.attributes})
    entry = copied_entry(order._replace(metadata=kept), rules)
    mark_copied(entry, order, rules)
    entry.focus = element_id(entry.lines[0].reference.name)
    entry.notice = gettext(
        "Copied from order %(code)s. Review before placing.", code=grouped(order.short_id)
    )
    return entry


@desk.post("/orders/new")
def place_order() -> AnyResponse:
    entry, action = sent_entry(request.form, signed_in()), request.form.get("do", "")
    key = request.args.get("form", "")
    key = key if is_key(key) else new_key()
    if action == "place":
        return _place(entry, key)
    if action == "template":
        _save_template(entry)
    elif action == "fill":
        if not fill_in(entry, signed_in(), is_asked="auto" not in request.form):
            return Response(status=204)  # what is on the screen stays
    elif action == "unfill":
        undo_fill(entry)
    elif action == "customer":
        create_customer(entry, key, signed_in())
    else:
        do_action(entry, action, signed_in().org_id)
    mark_lines(entry, signed_in())
    return _render_kept(entry, key)


def _place(entry: OrderEntry, key: str) -> Response:
    member, note = signed_in(), note_of(entry)
    once = IdempotencyKey(key, fingerprint({**entry.raw(), "note": note}))
    try:
        draft = check_new(entry, member)
        if is_customer_typed(entry) and not create_customer(entry, key, member):
            return _render_kept(entry, key)
        pasted = entry.form.pasted.data or ""
        order = intake.create_order(draft, actor=member.actor, key=once, note=note, pasted=pasted)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return _render_kept(entry, key)
    except AlreadyPlaced as placed:
        advice = gettext("Nothing was saved. To place this as a new order, place it again.")
        entry.refuse(f"{translated(placed.sentence)} {advice}", 409)
        return _render(entry, new_key())
    return go_to(url_for("desk.placed", reference=order.short_id))


def _save_template(entry: OrderEntry) -> None:
    name, fields = request.form.get("templateName", ""), draft_views.typed_fields(request.form)
    # A pasted text belongs to one order.
    fields = [one for one in fields if one[0] not in {"pasted", "taken"}]
    try:
        drafts.save_template(name, fields, actor=signed_in().actor)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    except Conflict as conflict:
        entry.refuse(translated(conflict.sentence))
    else:
        entry.notice = gettext("Template saved. The order is not placed yet.")
        entry.tone = "good"


def _render_kept(entry: OrderEntry, key: str) -> Response:
    """Render the form again as it was sent, and save it as the draft with this key."""
    return _render(entry, key, version=draft_views.keep_sent_draft(key))


@desk.errorhandler(CSRFError)
def render_stale_form(error: CSRFError) -> AnyResponse:
    """Handle a request with a missing, invalid or expired CSRF token.

    The submitted form of a new order is rendered again with everything that was typed. A person who
    is no longer signed in is asked to sign in. Any other request gets an error page.
    """
    member = current_member()
    if member is None and request.endpoint not in OPEN_TO_ALL:
        return ask_to_sign_in()
    if member is None or request.endpoint != "desk.place_order":
        return error_page(error)
    g.member = member
    entry = sent_entry(request.form, member)
    entry.notice = gettext("You have a new session. Review the order, then place it again.")
    entry.status, entry.tone = 422, "warn"
    return _render(entry, request.args.get("form", ""))


def render_resumed(sent: FormData, key: str) -> AnyResponse:
    """Render an order form that was sent while signed out, so that it can be placed now.

    `sent` are the form's fields. `key` identifies the form; an invalid key is replaced by a new
    one.
    """
    entry = sent_entry(sent, signed_in())
    entry.notice = gettext(
        "You are signed in again. Your work is safe. You can place the order now."
    )
    entry.tone = "good"
    return _render(entry, key if is_key(key) else new_key())


def _render(
    entry: OrderEntry,
    key: str,
    *,
    version: int = 0,
    placed: str | None = None,
    kept: drafts.FormDraft | None = None,
    left: draft_views.LeftDraft | None = None,
) -> Response:
    page = FormPage(
        title=gettext("New order"),
        address=url_for("desk.place_order", form=key),
        hidden={"draft_version": str(version), "page": draft_views.sent_page() or new_key()},
        draft_address=url_for("desk.save_draft", form=key),
    )
    actor, is_whole = signed_in().actor, not wants_piece()
    return render_form(
        entry,
        page,
        key=key,
        placed=placed,
        kept=kept,
        left=left,
        drafts=drafts.list_drafts(actor, but=key) if is_whole else (),
        discarded=request.args.get("discarded", ""),
        templates=drafts.list_templates(actor) if is_whole else (),
    )
