"""Changing an order with the form in which orders are entered."""

from dataclasses import dataclass

from flask import Response, flash, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.errors import InvalidInput, NotFound, StaleVersion
from orders.domain.order import Order
from orders.domain.short_id import grouped
from orders.domain.status import Status
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import element_id, new_key, number_in
from orders.interfaces.desk.order_form.draft_views import (
    IN_BIN,
    NOT_OF_THIS_ORDER,
    as_form,
    keep_sent_changes,
    kept_entry,
    sent_draft_version,
    sent_page,
)
from orders.interfaces.desk.order_form.edit_form import (
    Edit,
    check_changes,
    entry_of,
    read_edit,
    shown_conflicts,
)
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
    """Render the form filled in with the order, or with this person's unsaved changes.

    The page names others who have the order open.
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
    entry = entry_of(order, member.actor.org)
    entry.focus = element_id(entry.lines[0].reference.name)
    discarded = request.args.get("discarded", "")
    return _render(entry, order, order.version, others=others, unsaved=unsaved, discarded=discarded)


def _render_unsaved(unsaved: FormDraft, order: Order, others: list[str]) -> Response:
    """Render the form as it was left, with the version of the order that it began with."""
    entry = kept_entry(unsaved.fields, signed_in())
    version = number_in(as_form(unsaved.fields), "version")
    return _render(
        entry, order, version, draft_version=unsaved.version, others=others, kept=unsaved,
        is_older=version != order.version,
    )  # fmt: skip


@desk.post("/orders/<reference>/edit")
def save_order(reference: str) -> AnyResponse:
    member = signed_in()
    stored = queries.find_any_order(reference, member.org_id)
    form, action = (
        _ChangedOrderForm(sent_entry(request.form, member), stored),
        request.form.get("do", ""),
    )
    if stored.deleted_at is not None:
        return form.render_binned()
    if action == "finish":
        # An open cart is complete and becomes an order.
        form.entry.form.status.process_data(str(Status.NEW))
    elif action != "save":
        return form.do(action)
    return form.save()


@dataclass
class _ChangedOrderForm:
    """The form of an order as it was sent, and what its buttons do with it."""

    entry: OrderEntry
    stored: Order

    def save(self) -> Response:
        try:
            edit = read_edit(self.entry, request.form, self.stored, signed_in())
        except StaleVersion as error:
            raise NotFound(NOT_OF_THIS_ORDER) from error
        try:
            saved = self._save_edit(edit)
        except InvalidInput as invalid:
            self.entry.show(invalid.errors)
            return self._render_kept(edit.version, status=422)
        except EditConflict as conflict:
            return _render_conflict(conflict)
        except NotFound:  # deleted in this moment
            return self.render_binned()
        return _report(saved, edit)

    def _save_edit(self, edit: Edit) -> Saved:
        member = signed_in()
        check_changes(self.entry, edit, member)
        saved = order_edits.save_edit(
            edit.stored.id, edit.version, edit.raw, actor=member.actor, limits=current_limits()
        )
        order_edits.leave(saved.order.id, member)
        drafts.end_change(saved.order, member.actor, version=sent_draft_version(), page=sent_page())
        return saved

    def do(self, action: str) -> Response:
        do_action(self.entry, action, signed_in().org_id)
        return self._render_kept(self._version())

    def render_binned(self) -> Response:
        self.entry.notice, self.entry.is_refused = translated(IN_BIN), True
        return self._render_kept(self._version(), status=409)

    def _version(self) -> int:
        return number_in(request.form, "version", self.stored.version)

    def _render_kept(self, version: int, *, status: int = 200) -> Response:
        """Render the form, and save it as a draft."""
        draft_version = keep_sent_changes(self.stored)
        return _render(self.entry, self.stored, version, draft_version=draft_version, status=status)


def _report(saved: Saved, edit: Edit) -> Response:
    if saved.taken:
        flash(gettext("Saved, together with what others had changed meanwhile."))
    elif saved.order.version != edit.stored.version:
        flash(gettext("Saved."))
    else:
        flash(gettext("Nothing was different, so nothing was changed."))
    return go_to(url_for("desk.show_order", reference=saved.order.short_id))


@desk.post("/orders/<reference>/edit/open")
def note_editor(reference: str) -> Response:
    """Record that the page is still open, and render who else has the order open."""
    others = order_edits.note_editor(reference, signed_in())
    return Response(render_template("desk/_others.html", others=others))


def _render_conflict(conflict: EditConflict) -> Response:
    """Render the form with both changes; in conflicts it has this person's values."""
    member = signed_in()
    entry = entry_of(conflict.merged.order, member.actor.org)
    advice = gettext("Your values stand in the form; save again to replace the others by them.")
    entry.notice, entry.is_refused = f"{translated(conflict.sentence)} {advice}", True
    return _render(
        entry, conflict.stored, conflict.stored.version, status=409,
        draft_version=keep_sent_changes(conflict.stored),
        conflicts=shown_conflicts(conflict.merged.conflicts, member),
    )  # fmt: skip


def _render(
    entry: OrderEntry,
    order: Order,
    version: int,
    *,
    draft_version: int = 0,
    status: int = 200,
    **context: object,
) -> Response:
    page = FormPage(
        title=gettext("Change order %(code)s", code=grouped(order.short_id)),
        address=url_for("desk.save_order", reference=order.short_id),
        hidden={
            "order": order.short_id,
            "version": str(version),
            "draft_version": str(draft_version),
            "page": sent_page() or new_key(),
        },
        draft_address=url_for("desk.save_edit_draft", reference=order.short_id),
        order=order,
    )
    return render_form(entry, page, status=status, **context)
