"""Changes from the list: one order's status in its row, many orders at once, and undo."""

from flask import Response, request

from orders.domain.errors import NotFound
from orders.domain.status import Status, read_status
from orders.domain.texts import lazy_gettext
from orders.domain.typed_values import whole_number
from orders.interfaces.desk.blueprint import desk, signed_in
from orders.interfaces.desk.forms import own_id
from orders.interfaces.desk.order_list.list_address import ListAddress
from orders.interfaces.desk.order_list.list_page import (
    ListProblem,
    choices_and_address,
    list_address,
    render_list,
    sent_address,
)
from orders.interfaces.http.i18n import translated
from orders.interfaces.http.pages import go_to, wants_piece
from orders.services.orders import bulk
from orders.services.orders.bulk import BulkAction, BulkEdit, Target, TooMany

NOTHING_CHOSEN = lazy_gettext("Tick the orders first, or choose all of them.")
NO_STATUS = lazy_gettext("Choose the status that they get.")


@desk.post("/orders/bulk")
def change_orders() -> Response:
    """Perform the action of the button with the selected orders, and report each result."""
    do = request.form.get("do", "")
    if not do:
        # Enter presses the form's first button, which changes nothing.
        return go_to(list_address(_address().pairs))
    try:
        action, status, targets = _asked(do)
        if not targets:
            return _refuse(NOTHING_CHOSEN)
        if action is BulkAction.STATUS and status is None:
            return _refuse(NO_STATUS)
        # The form has a key of its own: the same sent twice is one change.
        sent = sorted(pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token")
        change = bulk.change_orders(
            targets,
            action,
            status=status,
            actor=signed_in().actor,
            change_id=own_id(f"bulk {sent}"),
        )
    except TooMany as too_many:
        return _refuse(too_many.sentence)
    return _show(change)


def _refuse(sentence: str) -> Response:
    return render_list(sent_address(), problem=ListProblem("bulk", translated(sentence)))


@desk.post("/orders/changes/<change_id>/undo")
def undo_change(change_id: str) -> Response:
    return _show(bulk.undo(change_id, actor=signed_in().actor))


def _show(change: BulkEdit) -> Response:
    """Show the list with the result of each order; a reload only shows it again."""
    if wants_piece():
        return render_list(sent_address(), change=change)
    sent = sent_address()
    page = {name: sent.get(name) for name in ("older", "newer")}
    return go_to(list_address(_address().pairs, **page, done=change.id) + "#report")


def _address() -> ListAddress:
    return choices_and_address(sent_address())[1]


def _asked(do: str) -> tuple[BulkAction, Status | None, list[Target]]:
    """Return action, status and orders; a row's own button names its order: `row.<code>`."""
    kind, _, code = do.partition(".")
    if kind == "row":
        seen = [one for one in _targets("seen") if one.short_id == code]
        return BulkAction.STATUS, read_status(request.form.get(f"status.{code}")), seen
    actions = {"status": BulkAction.STATUS, "bin": BulkAction.BIN, "restore": BulkAction.RESTORE}
    if kind not in actions:
        raise NotFound(lazy_gettext("There is no such button."))
    return actions[kind], read_status(request.form.get("set")), _scope()


def _scope() -> list[Target]:
    scope = request.form.get("scope", "ticked")
    if scope == "all":
        address = _address()
        if address.errors:
            return []
        return bulk.targets_of(signed_in().org_id, address.order_filter, address.sort)
    return _targets("seen" if scope == "page" else "order")


def _targets(name: str) -> list[Target]:
    """Return the orders of a field with `<code>.<version>`, without unreadable ones."""
    targets = {}
    for text in request.form.getlist(name):
        code, _, version = text.partition(".")
        number = whole_number(version)
        if number is not None and code.isascii() and code.isalnum():
            targets[code] = Target(code, number)
    return list(targets.values())
