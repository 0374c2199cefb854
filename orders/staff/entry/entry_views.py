"""Entering an order: the form, and the answer with the short ID."""

import contextlib
from typing import Any

from flask import Response, g, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from orders import intake, queries
from orders.access import StaffMember
from orders.entry import drafts, order_templates
from orders.entry.drafts import DraftChanged
from orders.intake import AlreadyPlaced
from orders.repeats import Once, fingerprint
from orders.rules.errors import Conflict, InvalidInput
from orders.rules.short_id import grouped
from orders.staff.accounts import current_member
from orders.staff.blueprint import OPEN_TO_ALL, ask_to_sign_in, signed_in, staff
from orders.staff.entry.draft_fields import (
    as_form,
    is_worth_keeping,
    lines_of,
    title_of,
    typed_fields,
)
from orders.staff.entry.form_page import (
    FormPage,
    check_new,
    draw,
    is_key,
    new_key,
    note_of,
    number_in,
    sent_entry,
)
from orders.staff.entry.form_rows import FormData, element_id
from orders.staff.entry.order_form import OrderEntry, new_entry
from orders.staff.entry.prefilled import entry_like
from orders.staff.entry.row_acts import act
from orders.web.errors import error_page
from orders.web.language import gettext, translated
from orders.web.pages import go_to, wants_piece


@staff.get("/orders/new")
def new_order() -> AnyResponse:
    """Draw a form under an address of its own: empty, with its draft, or filled in beforehand."""
    key = request.args.get("form", "")
    if not is_key(key):
        names = [name for name in ("from", "template") if name in request.args]
        given: dict[str, Any] = {name: request.args[name] for name in names}
        return redirect(url_for("staff.new_order", form=new_key(), **given))
    member = signed_in()
    placed = queries.find_submission(key, member.actor)
    kept = drafts.find_draft(key, member.actor)
    if kept is not None:
        entry = sent_entry(as_form(kept.fields), member)
        entry.focus = element_id(f"cart.{entry.lines[-1].row}.configurationId")
    else:
        entry = _beginning(member)
    return _draw(entry, key, version=kept.version if kept else 0, placed=placed, kept=kept)


def _beginning(member: StaffMember) -> OrderEntry:
    """Give the form to begin with. Raises NotFound for an order or template that is not there."""
    if "from" in request.args:
        order = queries.find_order(request.args["from"], member.org_id)
        entry = entry_like(order, member.actor.org)
        entry.focus = element_id(entry.lines[0].reference.name)
        entry.notice = gettext(
            "This is filled in from order %(code)s. Nothing is saved yet.",
            code=grouped(order.short_id),
        )
        return entry
    if "template" in request.args:
        fields = order_templates.find_template(request.args["template"], member.actor)
        return sent_entry(as_form(fields), member)
    return new_entry(member.actor.org)


@staff.post("/orders/new")
def place_order() -> AnyResponse:
    """Place the order, or do what a button asks for and draw the form again."""
    member, key = signed_in(), request.args.get("form", "")
    if not is_key(key):
        key = new_key()
    entry, action = sent_entry(request.form, member), request.form.get("do", "")
    if action == "template":
        return _save_template(entry, key)
    if action != "place":
        act(entry, action)
        entry.resolve(member.org_id)
        return _draw(entry, key, version=_keep(key))
    raw = entry.raw()
    try:
        note = note_of(entry)
        once = Once(key, fingerprint({**raw, "note": note}))
        draft = check_new(entry, member)
        order = intake.create_order(draft, actor=member.actor, once=once, note=note)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return _draw(entry, key, status=422, version=_keep(key))
    except AlreadyPlaced as placed:
        entry.is_refused = True
        advice = gettext("Nothing was saved now. To enter this as another order, place it again.")
        entry.notice = f"{translated(placed.sentence)} {advice}"
        return _draw(entry, new_key(), status=409)
    return go_to(url_for("staff.placed", reference=order.short_id))


def _save_template(entry: OrderEntry, key: str) -> Response:
    """Keep the form as a template; it stays as it is."""
    try:
        order_templates.save_template(
            request.form.get("templateName", ""), typed_fields(request.form),
            actor=signed_in().actor,
        )  # fmt: skip
    except InvalidInput as invalid:
        entry.show(invalid.errors)
    except Conflict as conflict:
        entry.notice, entry.is_refused = translated(conflict.sentence), True
    else:
        entry.notice = gettext("The template is saved. The order is not placed yet.")
    return _draw(entry, key, status=422 if entry.summary else 200, version=_keep(key))


def _keep(key: str) -> int:
    """Keep what was sent as a draft, so that it is not lost without JavaScript; gives its version.

    Another open page with this draft does not matter here: this person sees what is on this one.
    """
    version = number_in(request.form, "draft_version")
    with contextlib.suppress(DraftChanged):
        return save_sent_draft(key)
    return version


def save_sent_draft(key: str) -> int:
    """Save the form that was sent as a draft; gives its version. Raises DraftChanged."""
    actor, fields = signed_in().actor, typed_fields(request.form)
    version = number_in(request.form, "draft_version")
    if version == 0 and not is_worth_keeping(fields, actor.org):
        return 0
    return drafts.save_draft(
        key, fields, actor=actor, title=title_of(fields), lines=lines_of(fields), version=version,
        page=request.form.get("page", "")[:22],
    )  # fmt: skip


@staff.errorhandler(CSRFError)
def draw_stale_form(error: CSRFError) -> AnyResponse:
    """Draw the form again when its session has changed meanwhile; all that was typed stays."""
    member = current_member()
    if member is None and request.endpoint not in OPEN_TO_ALL:
        return ask_to_sign_in()
    if member is None or request.endpoint != "staff.place_order":
        return error_page(error)
    g.member = member
    entry = sent_entry(request.form, member)
    entry.notice = gettext("Your session is new. Look the order over, then place it again.")
    return _draw(entry, request.args.get("form", ""), status=422)


def draw_carried(sent: FormData, key: str) -> AnyResponse:
    """Draw a form that was sent while nobody was signed in; the person looks it over first."""
    entry = sent_entry(sent, signed_in())
    entry.notice = gettext("You are signed in again, and nothing is lost. Now place the order.")
    return _draw(entry, key if is_key(key) else new_key())


def _draw(
    entry: OrderEntry,
    key: str,
    *,
    status: int = 200,
    version: int = 0,
    placed: str | None = None,
    kept: drafts.FormDraft | None = None,
) -> Response:
    page_name = request.form.get("page", "") or new_key()
    page = FormPage(
        title=gettext("New order"),
        address=url_for("staff.place_order", form=key),
        hidden={"draft_version": str(version), "page": page_name},
        draft_address=url_for("staff.save_draft", form=key),
    )
    actor, is_whole = signed_in().actor, not wants_piece()
    return draw(
        entry,
        page,
        status=status,
        key=key,
        placed=placed,
        kept=kept,
        drafts=drafts.list_drafts(actor, but=key) if is_whole else (),
        discarded=request.args.get("discarded", ""),
        templates=order_templates.list_templates(actor) if is_whole else (),
    )
