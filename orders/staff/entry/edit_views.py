"""Changing an order by the form in which orders are entered."""

import contextlib

from flask import Response, flash, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import queries
from orders.access import StaffMember
from orders.entry.drafts import FormDraft
from orders.revisions import change_drafts, editors, order_edits
from orders.revisions.change_drafts import ChangeElsewhere
from orders.revisions.order_edits import EditConflict
from orders.rules.errors import InvalidInput, NotFound, StaleVersion
from orders.rules.order import Order
from orders.rules.short_id import grouped
from orders.rules.status import Status
from orders.rules.texts import mark
from orders.rules.typed_values import whole_number
from orders.staff.blueprint import signed_in, staff
from orders.staff.entry.clashes import shown_clashes
from orders.staff.entry.draft_fields import as_form, change_fields
from orders.staff.entry.form_page import (
    FormPage,
    check_changes,
    draw,
    new_key,
    number_in,
    read_edit,
    sent_entry,
)
from orders.staff.entry.form_rows import element_id
from orders.staff.entry.order_form import OrderEntry
from orders.staff.entry.prefilled import entry_of
from orders.staff.entry.row_acts import act
from orders.web.current_settings import current_limits
from orders.web.language import gettext, translated
from orders.web.pages import go_to

IN_BIN = mark(
    "This order went to the bin meanwhile, so nothing of it can be changed. What you have typed is "
    "kept, and offered again once somebody has restored the order."
)
NOT_OF_THIS_ORDER = mark("This page is not of this order. Open the order again.")


@staff.get("/orders/<reference>/edit")
def edit_order(reference: str) -> Response:
    """Draw the form with the order in it, and say who else has it open.

    What this person has typed before and not saved is offered, and drawn when they want it.
    """
    member = signed_in()
    order = queries.find_any_order(reference, member.org_id)
    if order.deleted_at is not None:
        # Its page says so, and has the button that restores it.
        return go_to(url_for("staff.show_order", reference=order.short_id))
    others = editors.note_editor(order.id, member)
    unsaved = change_drafts.find_unsaved(order, member.actor)
    if unsaved is not None and "draft" in request.args:
        return _draw_unsaved(unsaved, order, others)
    entry = entry_of(order, member.actor.org)
    entry.focus = element_id(f"cart.{entry.lines[0].row}.configurationId")
    discarded = request.args.get("discarded", "")
    return _draw(entry, order, order.version, others=others, unsaved=unsaved, discarded=discarded)


def _draw_unsaved(unsaved: FormDraft, order: Order, others: list[str]) -> Response:
    """Draw the form as it was left, of the version of the order that it was a change of."""
    fields = as_form(unsaved.fields)
    entry = sent_entry(fields, signed_in())
    entry.focus = element_id(f"cart.{entry.lines[-1].row}.configurationId")
    version = number_in(fields, "version")
    return _draw(
        entry, order, version, draft_version=unsaved.version, others=others, kept=unsaved,
        is_older=version != order.version,
    )  # fmt: skip


@staff.post("/orders/<reference>/edit")
def save_order(reference: str) -> AnyResponse:
    """Save the changes, or do what a row's button asks for and draw the form again."""
    member = signed_in()
    stored = queries.find_any_order(reference, member.org_id)
    entry, action = sent_entry(request.form, member), request.form.get("do", "")
    if stored.deleted_at is not None:
        return _draw_binned(entry, stored)
    if action == "finish":
        # Of an open cart: it is complete, and becomes an order.
        entry.form.status.process_data(str(Status.NEW))
    elif action != "save":
        act(entry, action)
        entry.resolve(member.org_id)
        return _draw(entry, stored, _version(stored), draft_version=_keep(stored))
    try:
        edit = read_edit(entry, request.form, stored, member)
    except StaleVersion as error:
        raise NotFound(NOT_OF_THIS_ORDER) from error
    try:
        check_changes(entry, edit, member)
        saved = order_edits.save_edit(
            edit.stored.id, edit.version, edit.raw, actor=member.actor, limits=current_limits()
        )
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        kept = _keep(stored)
        return _draw(entry, stored, edit.version, draft_version=kept, status=422)
    except EditConflict as clash:
        return _draw_clash(clash, member)
    except NotFound:  # it was there a moment ago
        return _draw_binned(entry, stored)
    editors.leave(saved.order.id, member)
    change_drafts.end(saved.order, member.actor, version=sent_draft_version(), page=sent_page())
    if saved.taken:
        flash(gettext("Saved, together with what others had changed meanwhile."))
    elif saved.order.version != edit.stored.version:
        flash(gettext("Saved."))
    else:
        flash(gettext("Nothing was different, so nothing was changed."))
    return go_to(url_for("staff.show_order", reference=saved.order.short_id))


@staff.post("/orders/<reference>/edit/open")
def note_editor(reference: str) -> Response:
    """Note that the page is still open; answers who else has the order open."""
    others = editors.note_editor(reference, signed_in())
    return Response(render_template("staff/_others.html", others=others))


def sent_draft_version() -> int:
    """Give the version of the draft that the page has loaded or saved last."""
    return number_in(request.form, "draft_version")


def sent_page() -> str:
    """Give the name of the open page that has sent the form."""
    return request.form.get("page", "")[:22]


def keep_sent_changes(order: Order) -> int:
    """Keep the form that was sent as this person's draft of a change; gives its version.

    Raises ChangeElsewhere, and StaleVersion for a version that never was.
    """
    member, sent = signed_in(), request.form
    entry = sent_entry(sent, member)
    edit = read_edit(entry, sent, order, member)
    is_changed = edit.raw or entry.faults() or entry.form.paste.data
    return change_drafts.keep(
        order, change_fields(sent) if is_changed else [], actor=member.actor,
        version=sent_draft_version(), page=sent_page(),
    )  # fmt: skip


def _keep(order: Order) -> int:
    """Keep what was sent, so that it is not lost without JavaScript; gives the draft's version.

    Another window with other changes does not matter here: this person sees what is on this one.
    """
    with contextlib.suppress(ChangeElsewhere, StaleVersion):
        return keep_sent_changes(order)
    return sent_draft_version()


def _draw_binned(entry: OrderEntry, order: Order) -> Response:
    entry.is_refused = True
    entry.notice = translated(IN_BIN)
    return _draw(entry, order, _version(order), draft_version=_keep(order), status=409)


def _draw_clash(clash: EditConflict, member: StaffMember) -> Response:
    """Draw the form with both changes in it; where they clash, mine stands and theirs is told."""
    entry = entry_of(clash.merged.order, member.actor.org)
    entry.is_refused = True
    advice = gettext("Your values stand in the form; save again to replace the others by them.")
    entry.notice = f"{translated(clash.sentence)} {advice}"
    clashes = shown_clashes(clash.merged.conflicts, member)
    return _draw(
        entry, clash.stored, clash.stored.version, draft_version=_keep(clash.stored), status=409,
        clashes=clashes,
    )  # fmt: skip


def _version(order: Order) -> int:
    version = whole_number(request.form.get("version", ""))
    return order.version if version is None else version


def _draw(
    entry: OrderEntry,
    order: Order,
    version: int,
    *,
    draft_version: int = 0,
    status: int = 200,
    **context: object,
) -> Response:
    address = url_for("staff.save_order", reference=order.short_id)
    page = FormPage(
        title=gettext("Change order %(code)s", code=grouped(order.short_id)),
        address=address,
        hidden={
            "order": order.short_id,
            "version": str(version),
            "draft_version": str(draft_version),
            "page": sent_page() or new_key(),
        },
        draft_address=url_for("staff.save_edit_draft", reference=order.short_id),
        order=order,
    )
    return draw(entry, page, status=status, **context)
