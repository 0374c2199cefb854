"""Entering an order: the form, and placing the order."""

from dataclasses import dataclass
from typing import Any

from flask import Response, g, redirect, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from orders.domain.errors import Conflict, InvalidInput
from orders.domain.order import Order
from orders.domain.short_id import grouped
from orders.interfaces.desk.blueprint import OPEN_TO_ALL, ask_to_sign_in, desk, signed_in
from orders.interfaces.desk.forms import FormData, element_id, is_key, new_key
from orders.interfaces.desk.order_form.draft_views import (
    as_form,
    keep_sent_draft,
    kept_entry,
    sent_page,
    typed_fields,
)
from orders.interfaces.desk.order_form.edit_form import copied_entry
from orders.interfaces.desk.order_form.form_page import (
    FormPage,
    check_new,
    note_of,
    render_form,
    sent_entry,
)
from orders.interfaces.desk.order_form.order_form import OrderEntry, new_entry
from orders.interfaces.desk.order_form.row_actions import do_action
from orders.interfaces.http.errors import error_page
from orders.interfaces.http.i18n import gettext, translated
from orders.interfaces.http.pages import go_to, wants_piece
from orders.interfaces.http.session import current_member
from orders.services.accounts.access import StaffMember
from orders.services.idempotency import IdempotencyKey, fingerprint
from orders.services.orders import drafts, intake, queries
from orders.services.orders.intake import AlreadyPlaced


@desk.get("/orders/new")
def new_order() -> AnyResponse:
    """Render a form at an address of its own: empty, with its draft, or copied."""
    key = request.args.get("form", "")
    if not is_key(key):
        names = [name for name in ("from", "template") if name in request.args]
        sources: dict[str, Any] = {name: request.args[name] for name in names}
        return redirect(url_for("desk.new_order", form=new_key(), **sources))
    member = signed_in()
    kept = drafts.find_draft(key, member.actor)
    entry = _first_entry(member) if kept is None else kept_entry(kept.fields, member)
    placed = queries.find_submission(key, member.actor)
    return _render(entry, key, version=kept.version if kept else 0, placed=placed, kept=kept)


def _first_entry(member: StaffMember) -> OrderEntry:
    """Return the form to begin with. Raises NotFound for an unknown order or template."""
    if "from" in request.args:
        order = queries.find_order(request.args["from"], member.org_id)
        entry = copied_entry(order, member.actor.org)
        entry.focus = element_id(entry.lines[0].reference.name)
        entry.notice = gettext(
            "This is filled in from order %(code)s. Nothing is saved yet.",
            code=grouped(order.short_id),
        )
        return entry
    if "template" in request.args:
        fields = drafts.find_template(request.args["template"], member.actor)
        return sent_entry(as_form(fields), member)
    return new_entry(member.actor.org)


@desk.post("/orders/new")
def place_order() -> AnyResponse:
    key = request.args.get("form", "")
    form = _NewOrderForm(sent_entry(request.form, signed_in()), key if is_key(key) else new_key())
    action = request.form.get("do", "")
    if action == "place":
        return form.place()
    if action == "template":
        return form.save_template()
    return form.do(action)


@dataclass
class _NewOrderForm:
    """The form of a new order as it was sent, and what its buttons do with it."""

    entry: OrderEntry
    key: str

    def place(self) -> Response:
        try:
            order = self._create()
        except InvalidInput as invalid:
            self.entry.show(invalid.errors)
            return self._render_kept(422)
        except AlreadyPlaced as placed:
            advice = gettext(
                "Nothing was saved now. To enter this as another order, place it again."
            )
            self._refuse(f"{translated(placed.sentence)} {advice}")
            return _render(self.entry, new_key(), status=409)
        return go_to(url_for("desk.placed", reference=order.short_id))

    def _create(self) -> Order:
        member, note = signed_in(), note_of(self.entry)
        once = IdempotencyKey(self.key, fingerprint({**self.entry.raw(), "note": note}))
        draft = check_new(self.entry, member)
        return intake.create_order(draft, actor=member.actor, key=once, note=note)

    def save_template(self) -> Response:
        """Save the form as a template; the form stays as it is."""
        name, fields = request.form.get("templateName", ""), typed_fields(request.form)
        try:
            drafts.save_template(name, fields, actor=signed_in().actor)
        except InvalidInput as invalid:
            self.entry.show(invalid.errors)
        except Conflict as conflict:
            self._refuse(translated(conflict.sentence))
        else:
            self.entry.notice = gettext("The template is saved. The order is not placed yet.")
        return self._render_kept(422 if self.entry.summary else 200)

    def do(self, action: str) -> Response:
        do_action(self.entry, action, signed_in().org_id)
        return self._render_kept(200)

    def _refuse(self, notice: str) -> None:
        self.entry.notice, self.entry.is_refused = notice, True

    def _render_kept(self, status: int) -> Response:
        """Render the form, and save it as a draft."""
        return _render(self.entry, self.key, status=status, version=keep_sent_draft(self.key))


@desk.errorhandler(CSRFError)
def render_stale_form(error: CSRFError) -> AnyResponse:
    """Render the order form again after a new sign-in elsewhere, with everything that was typed."""
    member = current_member()
    if member is None and request.endpoint not in OPEN_TO_ALL:
        return ask_to_sign_in()
    if member is None or request.endpoint != "desk.place_order":
        return error_page(error)
    g.member = member
    entry = sent_entry(request.form, member)
    entry.notice = gettext("Your session is new. Look the order over, then place it again.")
    return _render(entry, request.args.get("form", ""), status=422)


def render_resumed(sent: FormData, key: str) -> AnyResponse:
    """Render a form that was sent while nobody was signed in; the person places it themselves."""
    entry = sent_entry(sent, signed_in())
    entry.notice = gettext("You are signed in again, and nothing is lost. Now place the order.")
    return _render(entry, key if is_key(key) else new_key())


def _render(
    entry: OrderEntry,
    key: str,
    *,
    status: int = 200,
    version: int = 0,
    placed: str | None = None,
    kept: drafts.FormDraft | None = None,
) -> Response:
    page = FormPage(
        title=gettext("New order"),
        address=url_for("desk.place_order", form=key),
        hidden={"draft_version": str(version), "page": sent_page() or new_key()},
        draft_address=url_for("desk.save_draft", form=key),
    )
    actor, is_whole = signed_in().actor, not wants_piece()
    return render_form(
        entry,
        page,
        status=status,
        key=key,
        placed=placed,
        kept=kept,
        drafts=drafts.list_drafts(actor, but=key) if is_whole else (),
        discarded=request.args.get("discarded", ""),
        templates=drafts.list_templates(actor) if is_whole else (),
    )
