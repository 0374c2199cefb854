"""Changing an order by the form in which orders are entered."""

from flask import Response, flash, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders import queries
from orders.access import StaffMember
from orders.revisions import editors, order_edits
from orders.revisions.order_edits import EditClash
from orders.rules.errors import InvalidOrder, NotFound, StaleVersion
from orders.rules.order import Order
from orders.rules.short_id import grouped
from orders.rules.status import Status
from orders.rules.texts import mark
from orders.staff.blueprint import signed_in, staff
from orders.staff.entry.clashes import shown_clashes
from orders.staff.entry.form_page import FormPage, check_changes, draw, read_edit, sent_entry
from orders.staff.entry.form_rows import element_id
from orders.staff.entry.order_form import OrderEntry
from orders.staff.entry.prefilled import entry_of
from orders.staff.entry.row_acts import act
from orders.web.in_force import limits_in_force
from orders.web.language import gettext, translated
from orders.web.pages import go_to


@staff.get("/orders/<reference>/edit")
def edit_order(reference: str) -> Response:
    """Draw the form with the order in it, and say who else has it open."""
    member = signed_in()
    order = queries.find_order(reference, member.org_id)
    entry = entry_of(order, member.actor.org)
    entry.focus = element_id(f"cart.{entry.lines[0].row}.configurationId")
    return _draw(entry, order, order.version, others=editors.note_editor(order.id, member))


@staff.post("/orders/<reference>/edit")
def save_order(reference: str) -> AnyResponse:
    """Save the changes, or do what a row's button asks for and draw the form again."""
    member = signed_in()
    entry, action = sent_entry(request.form, member), request.form.get("do", "")
    if action == "finish":
        # Of an open cart: it is complete, and becomes an order.
        entry.form.status.process_data(str(Status.NEW))
    elif action != "save":
        act(entry, action)
        entry.resolve(member.org_id)
        order = queries.find_order(reference, member.org_id)
        return _draw(entry, order, _version(order))
    try:
        edit = read_edit(entry, request.form, reference, member)
    except StaleVersion as error:
        sentence = mark("This page is not of this order. Open the order again.")
        raise NotFound(sentence) from error
    try:
        check_changes(entry, edit, member)
        saved = order_edits.save_edit(
            edit.stored.id, edit.version, edit.raw, actor=member.actor, limits=limits_in_force()
        )
    except InvalidOrder as invalid:
        entry.show(invalid.errors)
        return _draw(entry, edit.stored, edit.version, status=422)
    except EditClash as clash:
        return _draw_clash(clash, member)
    editors.leave(saved.order.id, member)
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


def _draw_clash(clash: EditClash, member: StaffMember) -> Response:
    """Draw the form with both changes in it; where they clash, mine stands and theirs is told."""
    entry = entry_of(clash.merged.order, member.actor.org)
    entry.is_refused = True
    advice = gettext("Your values stand in the form; save again to replace the others by them.")
    entry.notice = f"{translated(clash.sentence)} {advice}"
    clashes = shown_clashes(clash.merged.clashes, member)
    return _draw(entry, clash.stored, clash.stored.version, status=409, clashes=clashes)


def _version(order: Order) -> int:
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else order.version


def _draw(
    entry: OrderEntry, order: Order, version: int, *, status: int = 200, **context: object
) -> Response:
    address = url_for("staff.save_order", reference=order.short_id)
    page = FormPage(
        title=gettext("Change order %(code)s", code=grouped(order.short_id)),
        address=address,
        hidden={"order": order.short_id, "version": str(version)},
        order=order,
    )
    return draw(entry, page, status=status, **context)
