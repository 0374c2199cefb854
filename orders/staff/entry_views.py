"""Entering an order: the form, its checks while typing, and the answer with the short ID."""

import re
import secrets

from flask import Response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from orders import intake, queries
from orders.access import StaffMember
from orders.intake import AlreadyPlaced
from orders.repeats import Once, fingerprint
from orders.rules.errors import InvalidOrder
from orders.rules.order import OrderDraft
from orders.staff.accounts import current_member
from orders.staff.blueprint import ask_to_sign_in, signed_in, staff
from orders.staff.order_form import (
    FormData,
    OrderEntry,
    blank_line,
    element_id,
    new_entry,
    pasted_rows,
    read_entry,
)
from orders.web.errors import error_page
from orders.web.in_force import limits_in_force
from orders.web.pages import go_to, page_or_piece

# The key that makes a form's order unique (docs/decisions/0005-…): 128 random bits.
_KEY = re.compile(r"[A-Za-z0-9_-]{22}")


@staff.get("/orders/new")
def new_order() -> AnyResponse:
    """Draw an empty form under an address of its own, or say which order it has made."""
    key = request.args.get("form", "")
    if not _KEY.fullmatch(key):
        return redirect(url_for("staff.new_order", form=secrets.token_urlsafe(16)))
    member = signed_in()
    placed = queries.find_submission(key, member.actor)
    return _draw(new_entry(member.actor.org), key, placed=placed)


@staff.post("/orders/new")
def place_order() -> AnyResponse:
    """Place the order, or do what a row's button asks for and draw the form again."""
    member, key = signed_in(), request.args.get("form", "")
    if not _KEY.fullmatch(key):
        key = secrets.token_urlsafe(16)
    entry = _sent_entry(request.form, member)
    if request.form.get("do") != "place":
        entry.act(request.form.get("do", ""))
        entry.resolve(member.org_id)
        return _draw(entry, key)
    raw = entry.raw()
    try:
        once = Once(key, fingerprint(raw))
        order = intake.create_order(_check(entry, member), actor=member.actor, once=once)
    except InvalidOrder as invalid:
        entry.show(invalid.errors)
        return _draw(entry, key, status=422)
    except AlreadyPlaced as placed:
        entry.is_refused = True
        entry.notice = (
            f"{placed} Nothing was saved now. To enter this as another order, place it again."
        )
        return _draw(entry, secrets.token_urlsafe(16), status=409)
    return go_to(url_for("staff.placed", reference=order.short_id))


@staff.post("/orders/new/check")
def check_field() -> Response:
    """Answer what is wrong with one field, or which configuration it names; nothing is saved."""
    member, name = signed_in(), request.args.get("field", "")
    entry = _sent_entry(request.form, member)
    try:
        _check(entry, member)
    except InvalidOrder as invalid:
        entry.show(invalid.errors)
    line = next((one for one in entry.lines if one.form.configuration_id.name == name), None)
    if line is not None:
        return Response(render_template("staff/_product.html", entry=entry, line=line))
    return Response(render_template("staff/_error.html", message=entry.error(name)))


@staff.post("/orders/new/paste")
def paste_lines() -> Response:
    """Answer pasted text as rows of the cart, each with its product or what is wrong with it."""
    member = signed_in()
    sent = _sent_entry(request.form, member)
    first = max(sent.next_row, request.args.get("first", 0, type=int))
    entry = new_entry(member.actor.org)
    entry.lines = pasted_rows(sent.form.paste.data or "", first)
    entry.resolve(member.org_id)
    if entry.lines:
        _show_line_errors(entry, member)
    return Response(render_template("staff/_lines.html", entry=entry))


@staff.errorhandler(CSRFError)
def draw_stale_form(error: CSRFError) -> AnyResponse:
    """Draw the form again when its session has changed meanwhile; all that was typed stays."""
    member = current_member()
    if request.endpoint != "staff.place_order":
        return error_page(error)
    if member is None:
        return ask_to_sign_in()
    entry = _sent_entry(request.form, member)
    entry.notice = "Your session is new. Look the order over, then place it again."
    return _draw(entry, request.args.get("form", ""), status=422)


def draw_carried(sent: FormData, key: str) -> AnyResponse:
    """Draw a form that was sent while nobody was signed in; the person looks it over first."""
    entry = _sent_entry(sent, signed_in())
    entry.notice = "You are signed in again, and nothing is lost. Now place the order."
    return _draw(entry, key if _KEY.fullmatch(key) else secrets.token_urlsafe(16))


def _sent_entry(sent: FormData, member: StaffMember) -> OrderEntry:
    entry = read_entry(sent, member.actor.org)
    entry.resolve(member.org_id)
    return entry


def _check(entry: OrderEntry, member: StaffMember, **changes: object) -> OrderDraft:
    """Check what stands on the form, with some of its fields replaced."""
    faults = entry.faults()
    try:
        draft = intake.check_order(
            {**entry.raw(), **changes}, actor=member.actor, limits=limits_in_force(),
            legacy_items=False,
        )  # fmt: skip
    except InvalidOrder as invalid:
        raise InvalidOrder([*invalid.errors, *faults]) from invalid
    if faults:
        raise InvalidOrder(faults)
    return draft


def _show_line_errors(entry: OrderEntry, member: StaffMember) -> None:
    """Show what is wrong with the rows; the rest of this order is not on the form."""
    try:
        _check(entry, member, metadata={})
    except InvalidOrder as invalid:
        entry.show(error for error in invalid.errors if error.path.startswith("cart."))


def _draw(entry: OrderEntry, key: str, *, status: int = 200, placed: str | None = None) -> Response:
    return page_or_piece(
        "staff/new_order.html",
        "staff/_order_form.html",
        status=status,
        entry=entry,
        key=key,
        placed=placed,
        blank=blank_line(),
        element_id=element_id,
    )
