"""Views for changing a stored order with the order form."""

from flask import Response, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.cancellation import OrderCanceled
from orders.domain.errors import InvalidInput, NotFound, StaleVersion
from orders.domain.order import Order
from orders.domain.short_id import grouped
from orders.domain.status import Status
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import FormData, element_id, new_key, number_in, report
from orders.interfaces.desk.order_form import draft_views, edit_form
from orders.interfaces.desk.order_form.conflicts import Conflicts, conflicts_in
from orders.interfaces.desk.order_form.form_page import FormPage, render_form, sent_entry
from orders.interfaces.desk.order_form.order_form import OrderEntry
from orders.interfaces.desk.order_form.row_actions import do_action
from orders.interfaces.http.current_settings import current_limits
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to
from orders.services.orders import drafts, order_edits, queries
from orders.services.orders.drafts import FormDraft
from orders.services.orders.order_edits import EditConflict, Saved


@desk.get("/orders/<reference>/edit")
def edit_order(reference: str) -> Response:
    """Render the form for changing an order, and name other people who have the form open.

    With `?draft`, the form contains this person's unsaved changes. For an order in the bin,
    redirects to the order's page.
    """
    member = signed_in()
    order = queries.find_any_order(reference, member.org_id)
    if order.deleted_at is not None:
        # The order's page has the button that restores it.
        return go_to(url_for("desk.show_order", reference=order.short_id))
    others = order_edits.note_editor(order.id, member)
    unsaved = drafts.find_change(order, member.actor)
    if unsaved is not None and "draft" in request.args:
        return _render_unsaved(unsaved, order, others)
    entry = edit_form.entry_of(order, member.actor.org)
    is_open = order.canceled_at is None
    entry.focus = element_id(entry.lines[0].reference.name if is_open else "name")
    discarded = request.args.get("discarded", "")
    return _render(entry, order, order.version, others=others, unsaved=unsaved, discarded=discarded)


def _render_unsaved(unsaved: FormDraft, order: Order, others: list[str]) -> Response:
    """Render the form with this person's unsaved changes to the order.

    `others` are the names of other people who have the form open.
    """
    entry, sent = (
        draft_views.kept_entry(unsaved.fields, signed_in()),
        draft_views.as_form(unsaved.fields),
    )
    edit_form.mark_errors(entry, sent, order, signed_in())
    version = number_in(sent, "version")
    choices = None if version == order.version else _conflicts_in(entry, sent, order)
    if choices is not None and choices.asked:
        entry.focus = ""  # the first choice has it
    return _render(
        entry, order, version, draft_version=unsaved.version, others=others, kept=unsaved,
        is_older=version != order.version, choices=choices,
    )  # fmt: skip


@desk.post("/orders/<reference>/edit")
def save_order(reference: str) -> AnyResponse:
    member = signed_in()
    stored = queries.find_any_order(reference, member.org_id)
    entry, action = sent_entry(request.form, member), request.form.get("do", "")
    if stored.deleted_at is not None:
        return _render_binned(entry, stored)
    if action not in {"save", "finish"}:
        do_action(entry, action, member.org_id)
        return _render_kept(entry, stored)
    if action == "finish":
        # An open cart is complete and becomes an order.
        entry.form.status.process_data(str(Status.NEW))
    return _save(entry, stored)


def _save(entry: OrderEntry, stored: Order) -> Response:
    try:
        edit = edit_form.read_edit(entry, request.form, stored, signed_in())
    except StaleVersion as error:
        raise NotFound(draft_views.NOT_OF_THIS_ORDER) from error
    try:
        saved = _save_edit(entry, edit)
    except InvalidInput as invalid:
        entry.show(invalid.errors)
        return _render_kept(entry, stored)
    except EditConflict as conflict:
        return _render_conflict(entry, conflict)
    except OrderCanceled as canceled:
        kept = gettext("Nothing was saved; what you typed is still here.")
        entry.refuse(f"{translated(canceled.sentence)} {kept}", 409)
        return _render_kept(entry, stored)
    except NotFound:  # deleted in this moment
        return _render_binned(entry, stored)
    return _report(saved, edit)


def _save_edit(entry: OrderEntry, edit: edit_form.Edit) -> Saved:
    member = signed_in()
    edit_form.check_changes(entry, edit, member)
    saved = order_edits.save_edit(
        edit.stored.id, edit.changes, actor=member.actor, limits=current_limits()
    )
    order_edits.leave(saved.order.id, member)
    drafts.end_change(
        saved.order, member.actor, version=draft_views.sent_draft_version(),
        page=draft_views.sent_page(),
    )  # fmt: skip
    return saved


def _render_binned(entry: OrderEntry, stored: Order) -> Response:
    entry.refuse(translated(draft_views.IN_BIN), 409)
    return _render_kept(entry, stored)


def _render_kept(entry: OrderEntry, stored: Order) -> Response:
    """Render the form again as it was sent, and save it as this person's draft of changes.

    If the form asks about conflicts, it asks about those that there are now.
    """
    version = number_in(request.form, "version", stored.version)
    is_asked = "conflicts" in request.form
    return _render(
        entry, stored, version, draft_version=draft_views.keep_sent_changes(stored),
        choices=_conflicts_in(entry, request.form, stored) if is_asked else None,
    )  # fmt: skip


def _conflicts_in(
    entry: OrderEntry, sent: FormData, stored: Order, *, with_decided: bool = True
) -> Conflicts | None:
    """Return the conflicts to ask about in a form; None if it is not a form of this order."""
    try:
        return conflicts_in(entry, sent, stored, with_decided=with_decided)
    except StaleVersion:
        return None


def _report(saved: Saved, edit: edit_form.Edit) -> Response:
    if saved.taken:
        message = gettext("Saved and merged with changes by others.")
    elif saved.order.version != edit.stored.version:
        message = gettext("Saved.")
    else:
        message = gettext("No changes to save.")
    return report(message, url_for("desk.show_order", reference=saved.order.short_id))


@desk.post("/orders/<reference>/edit/open")
def note_editor(reference: str) -> Response:
    """Record that this person still has the form open; return HTML that names others who do."""
    others = order_edits.note_editor(reference, signed_in())
    return Response(render_template("desk/_others.html", others=others))


def _render_conflict(entry: OrderEntry, conflict: EditConflict) -> Response:
    """Render the form (409) as it was sent, and ask which of the conflicting values to keep."""
    entry.refuse(translated(conflict.sentence), 409)
    return _render(
        entry, conflict.stored, number_in(request.form, "version"),
        draft_version=draft_views.keep_sent_changes(conflict.stored),
        choices=_conflicts_in(entry, request.form, conflict.stored, with_decided=False),
    )  # fmt: skip


def _render(
    entry: OrderEntry, order: Order, version: int, *, draft_version: int = 0, **context: object
) -> Response:
    page = FormPage(
        title=gettext("Edit order %(code)s", code=grouped(order.short_id)),
        address=url_for("desk.save_order", reference=order.short_id),
        hidden={
            "order": order.short_id,
            "version": str(version),
            "draft_version": str(draft_version),
            "page": draft_views.sent_page() or new_key(),
        },
        draft_address=url_for("desk.save_edit_draft", reference=order.short_id),
        order=order,
        fixed_cards=edit_form.fixed_cards(entry, order, signed_in().actor.org),
    )
    return render_form(entry, page, **context)
