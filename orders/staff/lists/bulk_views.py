"""Changes from the list: one order's status in its row, many orders at once, and their undoing."""

from collections.abc import Iterator

from flask import Response, request

from orders.lists import bulk
from orders.lists.bulk import BulkAction, BulkEdit, Target, TooMany
from orders.rules.errors import NotFound
from orders.rules.status import Status, read_status
from orders.rules.texts import mark
from orders.rules.typed_values import whole_number
from orders.staff.blueprint import signed_in, staff
from orders.staff.lists.list_address import ListAddress
from orders.staff.lists.list_page import (
    Trouble,
    choices_and_address,
    draw,
    list_address,
    own_id,
    sent_address,
)
from orders.web.language import translated
from orders.web.pages import go_to, wants_piece

NOTHING_CHOSEN = mark("Tick the orders first, or choose all of them.")
NO_STATUS = mark("Choose the status that they get.")


@staff.post("/orders/bulk")
def change_orders() -> Response:
    """Do with the chosen orders what the button says, and tell what became of each."""
    do = request.form.get("do", "")
    if not do:
        # Enter presses a form's first button: that one changes nothing.
        return go_to(list_address(_address().pairs))
    try:
        action, status, targets = _asked(do)
        if not targets:
            return draw(sent_address(), trouble=Trouble("bulk", translated(NOTHING_CHOSEN)))
        if action is BulkAction.STATUS and status is None:
            return draw(sent_address(), trouble=Trouble("bulk", translated(NO_STATUS)))
        change = bulk.change_orders(
            targets, action, status=status, actor=signed_in().actor,
            change_id=own_id(f"bulk {sorted(_chosen())}"),
        )  # fmt: skip
    except TooMany as too_many:
        return draw(sent_address(), trouble=Trouble("bulk", translated(too_many.sentence)))
    return _show(change)


@staff.post("/orders/changes/<change_id>/undo")
def undo_change(change_id: str) -> Response:
    """Set the orders of a change back to what they were."""
    return _show(bulk.undo(change_id, actor=signed_in().actor))


def _show(change: BulkEdit) -> Response:
    """Show the list with what became of each order; a reload shows it again and does nothing."""
    if wants_piece():
        return draw(sent_address(), change=change)
    sent = sent_address()
    page = {name: sent.get(name) for name in ("older", "newer")}
    return go_to(list_address(_address().pairs, **page, done=change.id) + "#report")


def _chosen() -> Iterator[tuple[str, str]]:
    """Give all that was sent, the form's key among it: the same twice is one change."""
    return (pair for pair in request.form.items(multi=True) if pair[0] != "csrf_token")


def _address() -> ListAddress:
    return choices_and_address(sent_address())[1]


def _asked(do: str) -> tuple[BulkAction, Status | None, list[Target]]:
    """Read what is asked for; a row's own button names its order: `row.<code>`."""
    kind, _, code = do.partition(".")
    if kind == "row":
        seen = [one for one in _targets("seen") if one.short_id == code]
        return BulkAction.STATUS, read_status(request.form.get(f"status.{code}")), seen
    actions = {"status": BulkAction.STATUS, "bin": BulkAction.BIN, "restore": BulkAction.RESTORE}
    if kind not in actions:
        raise NotFound(mark("There is no such button."))
    return actions[kind], read_status(request.form.get("set")), _scope()


def _scope() -> list[Target]:
    scope = request.form.get("scope", "ticked")
    if scope == "all":
        address = _address()
        if address.errors:
            return []
        return bulk.targets_of(signed_in().org_id, address.wanted, address.sort)
    return _targets("seen" if scope == "page" else "order")


def _targets(name: str) -> list[Target]:
    """Read the orders of a field: `<code>.<version>`; what cannot be read names no order."""
    targets = {}
    for text in request.form.getlist(name):
        code, _, version = text.partition(".")
        number = whole_number(version)
        if number is not None and code.isascii() and code.isalnum():
            targets[code] = Target(code, number)
    return list(targets.values())
